//! The rules that come with Cordon, so that a rehearsal needs nothing from outside.

/// A file of the repository's folder `rules`, by its path there.
macro_rules! rule {
    ($path:literal) => {
        ($path, include_str!(concat!("../../../../rules/", $path)))
    };
}

/// Path and text of each.
const PACK: &[(&str, &str)] = &[
    rule!("backup/backup_services_stopped.yml"),
    rule!("backup/linux_backups_deleted.yml"),
    rule!("backup/recovery_inhibited.yml"),
    rule!("credentials/asrep_roast.yml"),
    rule!("credentials/directory_database_copied.yml"),
    rule!("credentials/directory_replication.yml"),
    rule!("credentials/kerberoast.yml"),
    rule!("credentials/logon_failed.yml"),
    rule!("credentials/lsass_dumped.yml"),
    rule!("credentials/lsass_read.yml"),
    rule!("credentials/password_spray.yml"),
    rule!("credentials/registry_secrets_saved.yml"),
    rule!("directory/many_resets_by_one.yml"),
    rule!("directory/password_reset.yml"),
    rule!("directory/policy_object_changed.yml"),
    rule!("directory/powerful_group_joined.yml"),
    rule!("discovery/attack_graph_collector.yml"),
    rule!("discovery/directory_dumped.yml"),
    rule!("discovery/powerful_groups_listed.yml"),
    rule!("discovery/powershell_directory_script.yml"),
    rule!("discovery/trusts_listed.yml"),
    rule!("hypervisor/esxi_machines_stopped.yml"),
    rule!("hypervisor/esxi_protection_lowered.yml"),
    rule!("hypervisor/esxi_snapshots_removed.yml"),
    rule!("hypervisor/esxi_ssh_enabled.yml"),
    rule!("identity/entra_conditional_access_changed.yml"),
    rule!("identity/entra_federation_changed.yml"),
    rule!("identity/entra_password_reset.yml"),
    rule!("identity/entra_powerful_role.yml"),
    rule!("identity/entra_risky_sign_in.yml"),
    rule!("identity/entra_security_info_registered.yml"),
    rule!("identity/okta_administrator_granted.yml"),
    rule!("identity/okta_factor_enrolled.yml"),
    rule!("identity/okta_factor_removed.yml"),
    rule!("identity/okta_factors_reset.yml"),
    rule!("identity/okta_many_resets_by_one.yml"),
    rule!("identity/okta_new_device_and_address.yml"),
    rule!("identity/okta_password_reset.yml"),
    rule!("identity/okta_protection_weakened.yml"),
    rule!("identity/okta_push_denied.yml"),
    rule!("identity/okta_push_storm.yml"),
    rule!("identity/okta_remote_access_logon.yml"),
    rule!("identity/okta_reset_enrol_connect.yml"),
    rule!("identity/okta_support_access.yml"),
    rule!("identity/okta_token_created.yml"),
    rule!("lateral/encoded_powershell.yml"),
    rule!("lateral/remote_execution_service.yml"),
    rule!("lateral/suspicious_service.yml"),
    rule!("lateral/task_with_command.yml"),
    rule!("lateral/winrm_child.yml"),
    rule!("lateral/wmi_child.yml"),
    rule!("ransomware/data_copied_out.yml"),
    rule!("ransomware/mass_deployment.yml"),
    rule!("ransomware/protection_switched_off.yml"),
    rule!("ransomware/protection_weakened.yml"),
    rule!("ransomware/security_log_cleared.yml"),
    rule!("ransomware/system_log_cleared.yml"),
    rule!("remote-access/openvpn_guessing.yml"),
    rule!("remote-access/openvpn_logon.yml"),
    rule!("remote-access/openvpn_refused.yml"),
    rule!("remote-access/remote_support_tool.yml"),
    rule!("remote-access/sshd_guessing.yml"),
    rule!("remote-access/sshd_refused.yml"),
    rule!("remote-access/sshd_root_logon.yml"),
    rule!("remote-access/sudo_root_shell.yml"),
];

/// The files of the repository's folder `rules`, each with its path there and its text.
#[must_use]
pub fn starter_pack() -> &'static [(&'static str, &'static str)] {
    PACK
}
