//! Syslog by program, Zeek by log.

use super::{Mapping, Source};
use crate::record::Record;

/// The field with the name of the program that wrote a syslog line.
const PROGRAM: &[&str] = &["program", "app_name", "appname", "process"];

pub(super) fn syslog(record: &Record) -> Source {
    let program = PROGRAM.iter().find_map(|name| record.text(name)).unwrap_or("");
    let program = program.rsplit('/').next().unwrap_or(program).to_ascii_lowercase();
    of_program(&program)
}

fn of_program(program: &str) -> Source {
    let linux = |services: &[&'static str]| Source::new("linux", services, &[]);
    match program {
        "sshd" | "sshd-session" | "dropbear" => linux(&["sshd", "auth", "syslog"]),
        "sudo" => linux(&["sudo", "auth", "syslog"]),
        "su" | "login" | "systemd-logind" | "polkitd" | "pam" | "passwd" | "useradd" | "usermod"
        | "groupadd" => linux(&["auth", "syslog"]),
        "cron" | "crond" | "crontab" => linux(&["cron", "syslog"]),
        "audit" | "auditd" | "audispd" | "audisp-syslog" => linux(&["auditd", "syslog"]),
        "clamd" | "freshclam" | "clamav" => linux(&["clamav", "syslog"]),
        "vsftpd" => linux(&["vsftpd", "syslog"]),
        "guacd" | "guacamole" => linux(&["guacamole", "syslog"]),
        "nginx" => Source::new("linux", &["nginx", "syslog"], &["webserver"]),
        "apache2" | "httpd" => Source::new("linux", &["apache", "syslog"], &["webserver"]),
        "squid" => Source::new("linux", &["squid", "syslog"], &["proxy"]),
        program if program.starts_with("openvpn") || program.starts_with("ovpn") => {
            Source::new("openvpn", &["openvpn", "syslog"], &[])
        }
        "shell" | "esxshell" | "hostd" | "vobd" | "vmkernel" | "esxupdate" | "rhttpproxy" => {
            Source::new("esxi", &["shell", "syslog"], &[])
        }
        "vpxd" | "vsphere-ui" => Source::new("vcenter", &["vpxd", "syslog"], &[]),
        program if program.starts_with("%asa") => Source::new("cisco", &["asa", "syslog"], &["firewall"]),
        _ => linux(&["syslog"]),
    }
}

/// Zeek names the log in the `_path` of its JSON and in the `#path` of its columns; without either, the fields tell.
pub(super) fn zeek(record: &Record) -> Source {
    let path = ["_path", "path", "log"].iter().find_map(|name| record.text(name));
    let has = |name: &str| record.get(name).is_some();
    let plain = |service| Source::new("zeek", &[service], &[]);
    match path.unwrap_or_else(|| guess(&has)) {
        "conn" => Source::new("zeek", &["conn"], &["firewall"]).mapped(Mapping::ZeekConn),
        "http" => Source::new("zeek", &["http"], &["proxy", "webserver"]).mapped(Mapping::ZeekHttp),
        "dns" => Source::new("zeek", &["dns"], &["dns"]),
        "smb_files" => plain("smb_files"),
        "smb_mapping" => plain("smb_mapping"),
        "dce_rpc" => plain("dce_rpc"),
        "rdp" => plain("rdp"),
        "kerberos" => plain("kerberos"),
        "x509" => plain("x509"),
        "ssl" => plain("ssl"),
        "files" => plain("files"),
        "ssh" => plain("ssh"),
        "ntlm" => plain("ntlm"),
        _ => plain(""),
    }
}

fn guess(has: &dyn Fn(&str) -> bool) -> &'static str {
    const SIGNS: &[(&str, &str)] = &[
        ("qtype_name", "dns"),
        ("user_agent", "http"),
        ("endpoint", "dce_rpc"),
        ("security_protocol", "rdp"),
        ("request_type", "kerberos"),
        ("certificate.subject", "x509"),
        ("share_type", "smb_mapping"),
        ("conn_state", "conn"),
    ];
    let sign = SIGNS.iter().find(|(name, _)| has(name));
    sign.map_or("", |(_, log)| log)
}
