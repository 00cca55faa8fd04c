use std::{fmt, str::FromStr};

/// An operating system and a processor, as Terraform names them: `linux_amd64`, `darwin_arm64`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Platform {
    /// `linux`, `darwin`, `windows`, ...: Go's `GOOS`.
    pub os: String,
    /// `amd64`, `arm64`, `386`, ...: Go's `GOARCH`.
    pub arch: String,
}

impl Platform {
    /// The one that this program was built for.
    #[must_use]
    pub fn current() -> Self {
        Self::of(std::env::consts::OS, std::env::consts::ARCH)
    }

    /// Rust's names to Go's, where they differ.
    fn of(os: &str, arch: &str) -> Self {
        let os = if os == "macos" { "darwin" } else { os };
        let arch = match arch {
            "x86_64" => "amd64",
            "x86" => "386",
            "aarch64" => "arm64",
            "powerpc64" => "ppc64",
            "loongarch64" => "loong64",
            other => other,
        };
        Self { os: os.to_owned(), arch: arch.to_owned() }
    }
}

impl FromStr for Platform {
    type Err = ();

    /// Reads `OS_ARCH`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (os, arch) = text.split_once('_').ok_or(())?;
        let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if word(os) && word(arch) { Ok(Self { os: os.to_owned(), arch: arch.to_owned() }) } else { Err(()) }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.os, self.arch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_have_terraforms_names() {
        let named = |os, arch| Platform::of(os, arch).to_string();
        assert_eq!(named("linux", "x86_64"), "linux_amd64");
        assert_eq!(named("macos", "aarch64"), "darwin_arm64");
        assert_eq!(named("windows", "x86"), "windows_386");
    }

    #[test]
    fn a_platform_prints_as_it_was_read() {
        assert_eq!("linux_arm64".parse::<Platform>().map(|platform| platform.to_string()), Ok("linux_arm64".to_owned()));
        for text in ["", "linux", "_amd64", "linux_", "linux_amd64_x", "../x_y"] {
            assert_eq!(text.parse::<Platform>(), Err(()), "{text}");
        }
    }
}
