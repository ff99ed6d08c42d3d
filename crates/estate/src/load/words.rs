//! The words of the file format for the variants of the model's enumerations. Loader, writer and schema use the same
//! tables.

use crate::{AccountKind, ControlKind, Means, PointKind, SiteKind, SystemKind, ZoneKind};

/// An enumeration with a word for each variant.
pub(crate) trait Word: Copy + PartialEq + 'static {
    /// What it is a choice of, for error messages.
    const WHAT: &'static str;
    /// Every variant with its word.
    const WORDS: &'static [(&'static str, Self)];

    /// The word for this variant.
    fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(_, variant)| *variant == self)
            .map_or("", |(word, _)| word)
    }
}

macro_rules! words {
    ($($type:ident, $what:literal: $($word:literal = $variant:ident),+;)+) => {$(
        impl Word for $type {
            const WHAT: &'static str = $what;
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];
        }
    )+};
}

words! {
    AccountKind, "kind of account":
        "person" = Person, "service" = Service, "admin" = Admin, "break-glass" = BreakGlass;
    SystemKind, "kind of system":
        "server" = Server, "workstation" = Workstation, "till" = Till, "hypervisor" = Hypervisor,
        "hypervisor-manager" = HypervisorManager, "domain-controller" = DomainController,
        "backup-server" = BackupServer, "identity-provider" = IdentityProvider, "gateway" = Gateway,
        "saas-app" = SaasApp, "network-device" = NetworkDevice;
    ZoneKind, "kind of zone": "internet" = Internet, "internal" = Internal;
    SiteKind, "kind of site":
        "store" = Store, "funeral-home" = FuneralHome, "distribution-centre" = DistributionCentre,
        "call-centre" = CallCentre, "office" = Office, "data-centre" = DataCentre;
    Means, "right":
        "console" = Console, "remote-desktop" = RemoteDesktop, "remote-management" = RemoteManagement,
        "file-share" = FileShare, "wmi" = Wmi, "ssh" = Ssh, "database" = Database, "web" = Web, "admin" = Admin;
    ControlKind, "control":
        "reset-password" = ResetPassword, "reset-second-factor" = ResetSecondFactor, "add-member" = AddMember,
        "full-control" = FullControl, "read-secret" = ReadSecret, "roast-ticket" = RoastTicket,
        "replicate-directory" = ReplicateDirectory, "delegate" = Delegate, "hosts" = Hosts;
    PointKind, "kind of enforcement point":
        "ldap" = Ldap, "active-directory" = ActiveDirectory, "openvpn" = Openvpn, "nftables" = Nftables, "edr" = Edr,
        "haproxy" = Haproxy, "postgres" = Postgres, "ssh" = Ssh, "radius" = Radius, "scim" = Scim,
        "identity-provider" = IdentityProvider, "help-desk" = HelpDesk, "openc2" = Openc2, "script" = Script;
}
