//! Colours, which never carry a meaning alone.

use console::Style as Paint;

/// Whether and how to colour one stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Style {
    coloured: bool,
}

/// `--color`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set; `CLICOLOR_FORCE` wins.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Style {
    /// Without colours.
    pub const PLAIN: Self = Self { coloured: false };
    /// With colours.
    pub const COLOURED: Self = Self { coloured: true };

    /// What a choice means for a stream; `auto` is what the environment says of that stream.
    #[must_use]
    pub const fn resolve(choice: ColorChoice, auto: bool) -> Self {
        match choice {
            ColorChoice::Auto => Self { coloured: auto },
            ColorChoice::Always => Self::COLOURED,
            ColorChoice::Never => Self::PLAIN,
        }
    }

    /// Whether colours are on.
    #[must_use]
    pub const fn coloured(self) -> bool {
        self.coloured
    }

    fn paint(self, paint: &Paint, text: &str) -> String {
        if self.coloured {
            paint.clone().force_styling(true).apply_to(text).to_string()
        } else {
            text.to_owned()
        }
    }

    /// Success, additions.
    #[must_use]
    pub fn good(self, text: &str) -> String {
        self.paint(&Paint::new().green(), text)
    }

    /// Failure, removals.
    #[must_use]
    pub fn bad(self, text: &str) -> String {
        self.paint(&Paint::new().red(), text)
    }

    /// Changes, warnings.
    #[must_use]
    pub fn warn(self, text: &str) -> String {
        self.paint(&Paint::new().yellow(), text)
    }

    /// What to look at first.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.paint(&Paint::new().bold(), text)
    }

    /// What may be overlooked.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.paint(&Paint::new().dim(), text)
    }
}
