//! BloodHound's words for relations, and well-known identifiers.

use crate::{ControlKind, Means};

/// Domain Admins, Schema Admins, Enterprise Admins and the built-in Administrators of a domain (Microsoft, "Well-known
/// SIDs").
pub(super) fn is_tier_zero(sid: &str) -> bool {
    let of_domain =
        sid.contains("S-1-5-21-") && ["-512", "-518", "-519"].iter().any(|rid| sid.ends_with(rid));
    of_domain || sid.ends_with("S-1-5-32-544")
}

pub(super) fn means(label: &str) -> Option<Means> {
    Some(match label {
        "AdminTo" => Means::Admin,
        "CanRDP" => Means::RemoteDesktop,
        "CanPSRemote" => Means::RemoteManagement,
        "ExecuteDCOM" => Means::Wmi,
        "SQLAdmin" => Means::Database,
        _ => return None,
    })
}

/// How an edge of BloodHound's controls its end. Rights to change a domain as a whole allow copying its secrets.
pub(super) fn control(label: &str, of_domain: bool) -> Option<ControlKind> {
    Some(match label {
        "GetChangesAll" | "DCSync" => ControlKind::ReplicateDirectory,
        "AllExtendedRights" if of_domain => ControlKind::ReplicateDirectory,
        "GenericAll"
        | "GenericWrite"
        | "WriteDacl"
        | "WriteOwner"
        | "Owns"
        | "AllExtendedRights"
        | "AddKeyCredentialLink"
        | "HasSIDHistory"
        | "WriteAccountRestrictions"
        | "OwnsLimitedRights"
        | "WriteOwnerLimitedRights"
        | "WriteGPLink"
        | "ManageCA"
        | "ManageCertificates" => ControlKind::FullControl,
        "ForceChangePassword" => ControlKind::ResetPassword,
        "AddMember" | "AddSelf" => ControlKind::AddMember,
        "ReadLAPSPassword" | "ReadGMSAPassword" | "SyncLAPSPassword" | "DumpSMSAPassword" => {
            ControlKind::ReadSecret
        }
        "WriteSPN" => ControlKind::RoastTicket,
        "AllowedToDelegate" | "AllowedToAct" | "AddAllowedToAct" => ControlKind::Delegate,
        _ => return None,
    })
}
