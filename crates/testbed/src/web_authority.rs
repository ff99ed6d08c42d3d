//! A certificate authority of a test.

use std::path::{Path, PathBuf};

use crate::run;

/// A certificate authority whose files lie in a folder of the test. Needs `openssl`.
#[derive(Debug)]
pub struct WebAuthority {
    folder: PathBuf,
}

/// A certificate and its private key, both PEM files.
#[derive(Clone, Debug)]
pub struct WebCertificate {
    /// The file of the certificate.
    pub certificate: String,
    /// The file of the key, readable by this user alone.
    pub key: String,
}

const ON_ONE_CURVE: [&str; 6] = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-batch",
];

impl WebAuthority {
    /// A new authority in `folder`, valid for ten days.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        let authority = Self {
            folder: folder.to_owned(),
        };
        let mut arguments = vec!["req", "-x509", "-days", "10", "-subj", "/CN=Test authority"];
        arguments.extend(ON_ONE_CURVE);
        let (certificate, key) = (authority.file("authority.pem"), authority.file("authority.key"));
        arguments.extend(["-keyout", &key, "-out", &certificate]);
        run("openssl", &arguments);
        authority
    }

    fn file(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    /// The file of the authority's own certificate.
    #[must_use]
    pub fn certificate(&self) -> String {
        self.file("authority.pem")
    }

    /// A certificate for `127.0.0.1` and `localhost`, for servers and clients both.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn issue(&self, name: &str) -> WebCertificate {
        let made = WebCertificate {
            certificate: self.file(&format!("{name}.pem")),
            key: self.file(&format!("{name}.key")),
        };
        let request = self.file(&format!("{name}.request"));
        let subject = format!("/CN={name}");
        let mut arguments = vec!["req", "-subj", subject.as_str()];
        arguments.extend(ON_ONE_CURVE);
        arguments.extend(["-keyout", &made.key, "-out", &request]);
        run("openssl", &arguments);
        let extensions = self.file(&format!("{name}.extensions"));
        std::fs::write(
            &extensions,
            "basicConstraints=CA:FALSE\nsubjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n",
        )
        .unwrap();
        let (authority, key) = (self.certificate(), self.file("authority.key"));
        run(
            "openssl",
            &[
                "x509",
                "-req",
                "-in",
                &request,
                "-CA",
                &authority,
                "-CAkey",
                &key,
                "-CAcreateserial",
                "-days",
                "10",
                "-extfile",
                &extensions,
                "-out",
                &made.certificate,
            ],
        );
        made
    }
}
