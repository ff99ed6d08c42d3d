//! A certificate authority of a test's own, made by `openssl`.

use crate::{Folder, run};

/// An authority whose files, and those of the certificates it signs, lie in a folder of its own.
#[derive(Debug)]
pub struct Authority {
    folder: Folder,
}

impl Authority {
    /// Programs that must be installed.
    pub const PROGRAMS: [&str; 1] = ["openssl"];

    /// A new authority.
    ///
    /// # Panics
    /// If `openssl` fails.
    #[must_use]
    pub fn new() -> Self {
        let folder = Folder::new();
        let (key, certificate) = (folder.file("ca.key"), folder.file("ca.pem"));
        new_key(&key);
        run(
            "openssl",
            &[
                "req",
                "-x509",
                "-new",
                "-key",
                &key,
                "-out",
                &certificate,
                "-days",
                "2",
                "-subj",
                "/CN=Test authority",
                "-addext",
                "keyUsage=critical,keyCertSign,cRLSign",
            ],
        );
        Self { folder }
    }

    /// The file with its certificate, in PEM.
    #[must_use]
    pub fn certificate(&self) -> String {
        self.folder.file("ca.pem")
    }

    /// Signs a certificate for a server (`DNS:localhost,IP:127.0.0.1`) or a client (any name), and returns the files with the
    /// certificate and its private key, in PEM.
    ///
    /// # Panics
    /// If `openssl` fails.
    #[must_use]
    pub fn sign(&self, common_name: &str) -> (String, String) {
        let file = |ending: &str| self.folder.file(&format!("{common_name}.{ending}"));
        let (key, request, certificate) = (file("key"), file("csr"), file("pem"));
        new_key(&key);
        let subject = format!("/CN={common_name}");
        run(
            "openssl",
            &["req", "-new", "-key", &key, "-out", &request, "-subj", &subject],
        );
        let extensions = self.folder.write(
            "extensions",
            "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n",
        );
        run(
            "openssl",
            &[
                "x509",
                "-req",
                "-in",
                &request,
                "-out",
                &certificate,
                "-days",
                "2",
                "-CA",
                &self.certificate(),
                "-CAkey",
                &self.folder.file("ca.key"),
                "-CAcreateserial",
                "-extfile",
                &extensions,
            ],
        );
        (certificate, key)
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

fn new_key(path: &str) {
    run(
        "openssl",
        &[
            "ecparam",
            "-genkey",
            "-name",
            "prime256v1",
            "-noout",
            "-out",
            path,
        ],
    );
    run("chmod", &["600", path]);
}
