//! One file from one address.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use super::failed;
use crate::Result;
use crate::error::IoContext;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Time without data after which a connection is given up.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// An address, and the token to show there.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) url: String,
    /// Sent to the host of `url` only, not to the hosts that it redirects to.
    pub(super) token: Option<String>,
}

impl Request {
    pub(super) fn to(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            token: None,
        }
    }
}

/// A client for published files.
#[derive(Debug)]
pub(super) struct Web(Agent);

impl Web {
    /// A client with the proxies that the environment names and the certificates that the system trusts.
    pub(super) fn from_env() -> Self {
        let certificates = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Agent::config_builder()
            .tls_config(certificates)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_per_read(Some(READ_TIMEOUT))
            .build();
        Self(config.new_agent())
    }

    /// Writes the file at the address to `path`, at most one byte more than `bytes`.
    pub(super) fn get(&self, request: &Request, bytes: u64, path: &Path) -> Result<()> {
        let url = request.url.as_str();
        let mut call = self.0.get(url);
        if let Some(token) = &request.token {
            call = call.header("Authorization", format!("Bearer {token}"));
        }
        let response = call.call().map_err(|e| failed(url, e))?;
        let mut file = File::create(path).during("create", path)?;
        // One byte more than expected is enough to know that the file is not the right one.
        let mut limited = response.into_body().into_reader().take(bytes.saturating_add(1));
        std::io::copy(&mut limited, &mut file).map_err(|e| failed(url, e))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    use super::*;

    /// A client that no proxy of the environment comes between, and that soon gives up.
    fn direct() -> Web {
        let config = Agent::config_builder()
            .proxy(None)
            .timeout_per_read(Some(Duration::from_millis(200)))
            .build();
        Web(config.new_agent())
    }

    /// A server that gives each answer to one connection, and then returns the heads of the requests.
    fn serve(listener: TcpListener, answers: Vec<String>) -> JoinHandle<Vec<String>> {
        std::thread::spawn(move || {
            let answer_one = |answer: &String| {
                let (mut connection, _) = listener.accept().expect("a connection");
                let lines = BufReader::new(connection.try_clone().expect("a second handle")).lines();
                let head: Vec<String> = lines
                    .map_while(|line| line.ok().filter(|line| !line.is_empty()))
                    .collect();
                connection.write_all(answer.as_bytes()).expect("an open connection");
                if answer.contains("1000") {
                    // Longer than the client waits.
                    std::thread::sleep(Duration::from_secs(1));
                }
                head.join("\n").to_lowercase()
            };
            answers.iter().map(answer_one).collect()
        })
    }

    fn listen() -> (TcpListener, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        (listener, port)
    }

    fn body(text: &str) -> String {
        let length = text.len();
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}")
    }

    #[test]
    fn the_token_stays_with_the_host_that_was_asked() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let (storage, storage_port) = listen();
        let storage = serve(storage, vec![body("hello")]);
        let (hub, hub_port) = listen();
        let moved = format!(
            "HTTP/1.1 302 Found\r\nLocation: http://localhost:{storage_port}/x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let hub = serve(hub, vec![moved]);
        let request = Request {
            url: format!("http://127.0.0.1:{hub_port}/x"),
            token: Some("secret".to_owned()),
        };
        direct().get(&request, 5, &path).expect("served");
        assert_eq!(std::fs::read_to_string(&path).expect("written"), "hello");
        assert!(hub.join().expect("served")[0].contains("authorization: bearer secret"));
        assert!(!storage.join().expect("served")[0].contains("secret"));
    }

    #[test]
    fn a_file_that_is_too_long_is_cut_after_one_byte_more() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let (listener, port) = listen();
        let server = serve(listener, vec![body("0123456789")]);
        let request = Request::to(format!("http://127.0.0.1:{port}/x"));
        direct().get(&request, 5, &path).expect("served");
        assert_eq!(std::fs::read_to_string(&path).expect("written"), "012345");
        server.join().expect("served");
    }

    #[test]
    fn a_missing_file_a_short_one_and_silence_are_errors_with_the_address() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned();
        let short = body("0123456789").replace("Content-Length: 10", "Content-Length: 11");
        let silent = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx".to_owned();
        for (answer, problem) in [(missing, "404"), (short, ""), (silent, "timeout")] {
            let (listener, port) = listen();
            let server = serve(listener, vec![answer]);
            let url = format!("http://127.0.0.1:{port}/x");
            let error = direct().get(&Request::to(url.as_str()), 2000, &path).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(&url) && text.contains(problem), "{text}");
            server.join().expect("served");
        }
    }
}
