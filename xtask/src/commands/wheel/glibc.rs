//! The oldest C library that a program runs on.

use std::path::Path;

use object::read::elf::{ElfFile64, FileHeader};

use crate::error::{IoContext, TaskError};

const PREFIX: &str = "GLIBC_";

/// The newest version of glibc that any symbol of a 64-bit ELF program asks for; none if it asks for no glibc.
pub fn oldest(program: &Path) -> Result<Option<String>, TaskError> {
    let bytes = std::fs::read(program).during("read", program)?;
    let names = needed_versions(&bytes).map_err(|source| TaskError::Malformed {
        path: program.to_owned(),
        problem: format!("is no 64-bit ELF program: {source}"),
    })?;
    Ok(newest(&names))
}

/// The names of all symbol versions that the program needs of its libraries.
fn needed_versions(bytes: &[u8]) -> object::Result<Vec<String>> {
    let file = ElfFile64::<object::Endianness>::parse(bytes)?;
    let endian = file.endian();
    let sections = file.elf_header().sections(endian, bytes)?;
    let mut names = Vec::new();
    let Some((mut libraries, strings)) = sections.gnu_verneed(endian, bytes)? else {
        return Ok(names);
    };
    let strings = sections.strings(endian, bytes, strings)?;
    while let Some((_, mut versions)) = libraries.next()? {
        while let Some(version) = versions.next()? {
            names.push(String::from_utf8_lossy(version.name(endian, strings)?).into_owned());
        }
    }
    Ok(names)
}

fn newest(names: &[String]) -> Option<String> {
    let versions = names.iter().filter_map(|name| name.strip_prefix(PREFIX));
    let newest = versions.max_by_key(|version| {
        let parts = version.split('.').map(|part| part.parse().unwrap_or(0u32));
        parts.collect::<Vec<_>>()
    });
    newest.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers_and_other_libraries_do_not_count() {
        let names = ["GLIBC_2.9", "GLIBC_2.34", "GLIBC_2.2.5", "GCC_4.2.0", "GLIBC_PRIVATE"].map(str::to_owned);
        assert_eq!(newest(&names).as_deref(), Some("2.34"));
        assert_eq!(newest(&["GCC_3.0".to_owned()]), None);
    }

    #[test]
    fn a_program_says_what_it_needs_and_a_text_is_refused() {
        if cfg!(all(
            target_os = "linux",
            target_env = "gnu",
            target_pointer_width = "64"
        )) {
            let own = std::env::current_exe().expect("this test");
            assert!(
                oldest(&own)
                    .expect("a program")
                    .is_some_and(|version| version.starts_with("2."))
            );
        }
        let text = std::env::temp_dir().join(format!("secateurs-no-program-{}", std::process::id()));
        std::fs::write(&text, "#!/bin/sh\n").expect("writable");
        let error = oldest(&text).expect_err("a text").to_string();
        assert!(error.contains("no 64-bit ELF"), "{error}");
        std::fs::remove_file(&text).expect("there");
    }
}
