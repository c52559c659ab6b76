//! Sending a letter: by SMTP where configured, else as a file.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::PoolConfig;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use receivables::calendar::Micros;
use receivables::ids::OutboxId;
use tokio::io::AsyncWriteExt;

use super::deliver::TIMEOUT;
use super::letter::Letter;
use super::senders::{SendError, SenderProblem};
use crate::config::MailSettings;

/// Below `data_dir`.
pub const FOLDER: &str = "mail";

pub struct MailRoute {
    from: Mailbox,
    way: Way,
}

enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(PathBuf),
}

impl MailRoute {
    pub fn of(settings: &MailSettings, data_dir: &Path) -> Result<Self, SenderProblem> {
        let from = settings.from.parse().map_err(|_| SenderProblem::From)?;
        if settings.smtp_url.is_empty() {
            return Ok(Self { from, way: Way::Folder(data_dir.join(FOLDER)) });
        }
        let url = settings.smtp_url.reveal();
        if shows_password(url) {
            return Err(SenderProblem::Smtp(
                "it would send its password in clear; use smtps://… or add ?tls=required",
            ));
        }
        let smtp = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| SenderProblem::Smtp("write smtp://user:password@host:587?tls=required"))?
            .timeout(Some(TIMEOUT))
            .pool_config(PoolConfig::new().max_size(4).idle_timeout(Duration::from_secs(60)))
            .build();
        Ok(Self { from, way: Way::Smtp(smtp) })
    }

    pub async fn send(
        &self,
        id: OutboxId,
        to: &str,
        letter: &Letter,
        now: Micros,
    ) -> Result<(), SendError> {
        let message = compose(&self.from, id, to, letter, now)?;
        match &self.way {
            Way::Folder(folder) => keep(folder, id, &message.formatted()).await,
            Way::Smtp(smtp) => {
                // Some answers of mail servers repeat the address; the code alone goes to the log.
                let sent = tokio::time::timeout(TIMEOUT, smtp.send(message)).await;
                match sent {
                    Ok(Ok(_)) => Ok(()),
                    Ok(Err(error)) => Err(SendError::new(match error.status() {
                        Some(code) => format!("the mail server answered {code}"),
                        None => "the mail server could not be reached".to_owned(),
                    })),
                    Err(_) => Err(SendError::new("the mail server did not answer in time")),
                }
            }
        }
    }
}

/// A password over a connection that is not ours alone and not encrypted.
fn shows_password(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("smtp://") else { return false };
    let Some((_, host)) = rest.rsplit_once('@') else { return false };
    let here = ["127.0.0.1", "localhost", "[::1]"].iter().any(|here| {
        host.strip_prefix(here)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/', '?']))
    });
    !here && !host.contains("tls=required")
}

/// The same letter gives the same message each time it is tried, Message-ID included.
fn compose(
    from: &Mailbox,
    id: OutboxId,
    to: &str,
    letter: &Letter,
    now: Micros,
) -> Result<Message, SendError> {
    let unfit = |_| SendError::new("the address cannot be written to");
    let to: Mailbox = Mailbox::new(None, to.parse().map_err(unfit)?);
    let at = UNIX_EPOCH + Duration::from_micros(u64::try_from(now.0).unwrap_or(0));
    let automatic =
        HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into());
    Message::builder()
        .from(from.clone())
        .to(to)
        .date(at)
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        .subject(letter.subject.as_str())
        .raw_header(automatic)
        .multipart(
            MultiPart::alternative()
                .boundary(format!("{id}-part"))
                .singlepart(SinglePart::plain(letter.text.clone()))
                .singlepart(SinglePart::html(letter.html.clone())),
        )
        .map_err(|_| SendError::new("the letter cannot be put together"))
}

/// Appears whole or not at all, readable by the server's own user only.
async fn keep(folder: &Path, id: OutboxId, message: &[u8]) -> Result<(), SendError> {
    let written = async {
        tokio::fs::create_dir_all(folder).await?;
        let (part, whole) = (folder.join(format!("{id}.part")), folder.join(format!("{id}.eml")));
        let mut options = tokio::fs::OpenOptions::new();
        options.create(true).write(true).truncate(true);
        #[cfg(unix)]
        options.mode(0o600);
        let mut file = options.open(&part).await?;
        file.write_all(message).await?;
        file.sync_all().await?;
        tokio::fs::rename(&part, &whole).await
    };
    written.await.map_err(|error: std::io::Error| {
        SendError::new(format!("the mail folder cannot be written: {}", error.kind()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter {
        Letter {
            to: Some("ada@customer.example".to_owned()),
            subject: "Receipt R-1: you paid €120.00\r\nBcc: eve@evil.example".to_owned(),
            text: "Grüße\n.\nmore".to_owned(),
            html: "<p>Grüße</p>".to_owned(),
            useless_after: None,
        }
    }

    fn composed(to: &str) -> Result<String, SendError> {
        let from: Mailbox = "Riverside <billing@riverside.example>".parse().unwrap();
        let id = OutboxId::from_parts(1_795_000_000_000, &[1; 10]);
        compose(&from, id, to, &letter(), Micros(1_795_000_000_000_000))
            .map(|message| String::from_utf8(message.formatted()).unwrap())
    }

    #[test]
    fn a_message_is_the_same_each_time_and_named_by_the_outbox_row() {
        let once = composed("ada@customer.example").unwrap();
        assert_eq!(once, composed("ada@customer.example").unwrap());
        let id = OutboxId::from_parts(1_795_000_000_000, &[1; 10]);
        assert!(once.contains(&format!("Message-ID: <{id}@riverside.example>")), "{once}");
        assert!(once.contains("Auto-Submitted: auto-generated"), "{once}");
        assert!(once.contains("Date: Wed, 18 Nov 2026"), "{once}");
    }

    #[test]
    fn nobody_gets_a_copy_by_a_line_break_in_a_subject_or_an_address() {
        let message = composed("ada@customer.example").unwrap();
        let (head, _) = message.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.to_lowercase().starts_with("bcc")), "{head}");
        for to in ["a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example", "", "ada"] {
            assert!(composed(to).is_err(), "{to:?}");
        }
    }

    #[test]
    fn a_password_is_not_sent_in_clear_over_the_net() {
        assert!(shows_password("smtp://user:secret@mail.example:587"));
        assert!(shows_password("smtp://user:secret@localhost.evil.example"));
        assert!(!shows_password("smtp://user:secret@mail.example:587?tls=required"));
        assert!(!shows_password("smtps://user:secret@mail.example"));
        assert!(!shows_password("smtp://127.0.0.1:2525"));
        assert!(!shows_password("smtp://user:secret@127.0.0.1:2525"));
    }
}
