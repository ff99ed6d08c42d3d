//! A certificate authority of a test's own, made with the `openssl` program.

use std::path::Path;

use crate::run;

/// An authority and one server certificate that it signed, as files in a folder.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// The authority's certificate, PEM.
    pub authority: String,
    /// The server's certificate, PEM.
    pub certificate: String,
    /// The server's private key, PEM, readable by its owner only.
    pub key: String,
}

impl Certificates {
    /// Makes both in `folder`. `names` are subject alternative names as `openssl` writes them: `DNS:localhost`, `IP:127.0.0.1`.
    ///
    /// # Panics
    /// If `openssl` fails.
    #[must_use]
    pub fn new(folder: &Path, names: &[&str]) -> Self {
        let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let (authority, authority_key) = (file("authority.pem"), file("authority.key"));
        let (certificate, key, request) = (file("server.pem"), file("server.key"), file("server.csr"));
        make_authority(&authority, &authority_key);
        let curve = "ec_paramgen_curve:prime256v1";
        let request_for = ["req", "-newkey", "ec", "-pkeyopt", curve, "-nodes"];
        let rest = ["-subj", "/CN=server", "-keyout", &key, "-out", &request];
        run("openssl", &[&request_for[..], &rest[..]].concat());
        let extensions = file("server.ext");
        std::fs::write(&extensions, format!("subjectAltName={}\n", names.join(","))).unwrap();
        let sign = [
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            &authority,
            "-CAkey",
            &authority_key,
        ];
        let rest = [
            "-CAcreateserial",
            "-days",
            "9",
            "-extfile",
            &extensions,
            "-out",
            &certificate,
        ];
        run("openssl", &[&sign[..], &rest[..]].concat());
        Self {
            authority,
            certificate,
            key,
        }
    }
}

fn make_authority(certificate: &str, key: &str) {
    let curve = "ec_paramgen_curve:prime256v1";
    let make = [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", curve, "-nodes", "-days", "9",
    ];
    let rest = ["-subj", "/CN=test authority", "-keyout", key, "-out", certificate];
    run("openssl", &[&make[..], &rest[..]].concat());
}
