//! A mail as it will be sent, and how rooms write one from their templates.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use receivables::calendar::Micros;
use serde::{Deserialize, Serialize};

/// A finished letter to one person. As a payload it is gone from the database once sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Nobody: the row was written all the same, so that writing it tells nothing.
    pub to: Option<String>,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// A code that no longer works is not worth sending.
    #[serde(default)]
    pub useless_after: Option<Micros>,
}

impl Letter {
    pub fn payload(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The three files of a letter. In the HTML every value is escaped.
#[derive(Clone, Copy, Debug)]
pub struct Sources {
    pub subject: &'static str,
    pub text: &'static str,
    pub html: &'static str,
}

/// The templates of a room's letter, from three files beside the room: subject, text, HTML.
macro_rules! templates {
    ($subject:literal, $text:literal, $html:literal) => {
        std::sync::LazyLock::new(|| {
            $crate::outbox::Templates::new($crate::outbox::Sources {
                subject: include_str!($subject),
                text: include_str!($text),
                html: include_str!($html),
            })
        })
    };
}

pub(crate) use templates;

/// The files, read once: letters are written inside postings, where everyone waits.
#[derive(Debug)]
pub struct Templates(Environment<'static>);

/// What surrounds each letter's own words.
#[derive(Clone, Debug, Serialize)]
pub struct Sender {
    pub biller: String,
    /// No real money moves: every letter says so.
    pub demo: bool,
}

static FRAME: LazyLock<Templates> = LazyLock::new(|| {
    Templates::new(Sources {
        subject: "",
        text: include_str!("templates/frame.txt"),
        html: include_str!("templates/frame.html"),
    })
});

const SUBJECT: &str = "subject.txt";
const TEXT: &str = "text.txt";
const HTML: &str = "letter.html";

#[derive(Serialize)]
struct Framed<'a> {
    sender: &'a Sender,
    subject: &'a str,
    body: &'a str,
}

impl Templates {
    pub fn new(sources: Sources) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        match SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
            Ok(syntax) => environment.set_syntax(syntax),
            Err(error) => tracing::error!(%error, "the letters' syntax cannot be set"),
        }
        let files = [(SUBJECT, sources.subject), (TEXT, sources.text), (HTML, sources.html)];
        for (name, source) in files {
            if let Err(error) = environment.add_template(name, source) {
                tracing::error!(name, %error, "a letter's template cannot be read");
            }
        }
        Self(environment)
    }

    pub fn write(&self, sender: &Sender, context: impl Serialize) -> Letter {
        let context = Value::from(Serde(context));
        let subject = one_line(&self.render(SUBJECT, context.clone()));
        let text = self.render(TEXT, context.clone());
        let html = self.render(HTML, context);
        let framed = |body| Value::from(Serde(Framed { sender, subject: &subject, body }));
        Letter {
            to: None,
            text: FRAME.render(TEXT, framed(&text)),
            html: FRAME.render(HTML, framed(&html)),
            subject,
            useless_after: None,
        }
    }

    /// The templates are ours and tested; should one fail, the letter goes without that part
    /// rather than stop the payment it tells of.
    fn render(&self, name: &str, context: Value) -> String {
        let rendered = self.0.get_template(name).and_then(|template| template.render(context));
        rendered.unwrap_or_else(|error| {
            tracing::error!(name, %error, "a letter's template failed");
            String::new()
        })
    }
}

/// A subject is one line, whatever names are in it.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: Sources = Sources {
        subject: "For {{ name }}",
        text: "Hello {{ name }}",
        html: "<p>Hello {{ name }}</p>",
    };

    fn write(demo: bool, name: &'static str) -> Letter {
        Templates::new(LETTER).write(&sender(demo), Names { name })
    }

    #[derive(Serialize)]
    struct Names {
        name: &'static str,
    }

    fn sender(demo: bool) -> Sender {
        Sender { biller: "River & Sons".to_owned(), demo }
    }

    #[test]
    fn values_are_escaped_in_html_and_left_alone_in_text() {
        let letter = write(false, "<b>Ada & Co</b>");
        assert!(letter.html.contains("<p>Hello &lt;b&gt;Ada &amp; Co&lt;&#x2f;b&gt;</p>"));
        assert!(
            letter.html.contains("River &amp; Sons") && letter.html.contains("<title>For &lt;")
        );
        assert!(letter.text.contains("Hello <b>Ada & Co</b>"));
    }

    #[test]
    fn a_subject_stays_one_line_whatever_is_in_it() {
        let letter = write(false, "Ada\r\nBcc: eve@evil.example");
        assert_eq!(letter.subject, "For Ada Bcc: eve@evil.example");
    }

    #[test]
    fn only_a_demonstration_says_demo() {
        let of = |demo| write(demo, "Ada");
        assert!(of(true).text.contains("DEMO") && of(true).html.contains("DEMO"));
        assert!(!of(false).text.contains("DEMO") && !of(false).html.contains("DEMO"));
    }
}
