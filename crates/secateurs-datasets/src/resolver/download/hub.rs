//! The addresses of files on the Hugging Face hub.

use super::web::Request;

const HUB: &str = "https://huggingface.co";

/// A hub, and who asks it.
#[derive(Debug)]
pub(super) struct Hub {
    address: String,
    token: Option<String>,
}

impl Hub {
    /// The hub at `$HF_ENDPOINT`, asked with the token in `$HF_TOKEN`: the variables of Hugging Face's own programs.
    pub(super) fn from_env() -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            address: set("HF_ENDPOINT").unwrap_or_else(|| HUB.to_owned()),
            token: set("HF_TOKEN"),
        }
    }

    /// The request for a file of the model repository `repository` (`owner/name`).
    pub(super) fn file(&self, repository: &str, revision: &str, path: &str) -> Request {
        let hub = self.address.trim_end_matches('/');
        // The name of a branch may have slashes, which would end it.
        let revision = revision.replace('/', "%2F");
        Request {
            url: format!("{hub}/{repository}/resolve/{revision}/{path}"),
            token: self.token.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_address_that_the_hub_documents() {
        let hub = |address: &str| Hub {
            address: address.to_owned(),
            token: None,
        };
        let url = |address, revision| hub(address).file("owner/name", revision, "a/b.json").url;
        assert_eq!(
            url(HUB, "main"),
            "https://huggingface.co/owner/name/resolve/main/a/b.json"
        );
        assert_eq!(
            url("http://localhost/hub/", "refs/pr/1"),
            "http://localhost/hub/owner/name/resolve/refs%2Fpr%2F1/a/b.json"
        );
    }
}
