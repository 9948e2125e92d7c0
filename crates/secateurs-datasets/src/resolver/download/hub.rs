//! The addresses of files on the Hugging Face hub.

use std::path::PathBuf;

use super::web::Request;

const HUB: &str = "https://huggingface.co";

/// A hub, and who asks it.
#[derive(Debug)]
pub(super) struct Hub {
    address: String,
    token: Option<String>,
}

impl Hub {
    /// The hub at `$HF_ENDPOINT`, asked with the token in `$HF_TOKEN` or in the file that `hf auth login` writes: the places
    /// that Hugging Face's own programs use.
    pub(super) fn from_env() -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            address: set("HF_ENDPOINT").unwrap_or_else(|| HUB.to_owned()),
            token: set("HF_TOKEN").or_else(|| read_token(&token_file(&set)?)),
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

/// The file that holds the token of `hf auth login`, by the variables that move it; `None` without a home folder.
fn token_file(set: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    if let Some(file) = set("HF_TOKEN_PATH") {
        return Some(file.into());
    }
    if let Some(home) = set("HF_HOME") {
        return Some(PathBuf::from(home).join("token"));
    }
    let cache = set("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(set("HOME")?).join(".cache")))?;
    Some(cache.join("huggingface").join("token"))
}

/// The token in a file. Most files of the hub need none, so a file that cannot be read is no error.
fn read_token(file: &std::path::Path) -> Option<String> {
    let token = std::fs::read_to_string(file).ok()?;
    Some(token.trim().to_owned()).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_a_login_is_found_where_variables_put_it() {
        let place = |variables: &'static [(&str, &str)]| {
            let set = move |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            token_file(&set)
        };
        assert_eq!(place(&[("HOME", "/h")]), Some("/h/.cache/huggingface/token".into()));
        assert_eq!(
            place(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/c")]),
            Some("/c/huggingface/token".into())
        );
        assert_eq!(place(&[("HOME", "/h"), ("HF_HOME", "/f")]), Some("/f/token".into()));
        assert_eq!(place(&[("HF_TOKEN_PATH", "/t"), ("HF_HOME", "/f")]), Some("/t".into()));
        assert_eq!(place(&[]), None);

        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("token");
        assert_eq!(read_token(&file), None);
        std::fs::write(&file, "hf_abc\n").expect("writable");
        assert_eq!(read_token(&file).as_deref(), Some("hf_abc"));
    }

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
