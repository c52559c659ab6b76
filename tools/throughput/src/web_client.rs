//! The thinnest client that keeps a connection: it must not cost more than what it measures.

use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::Outcome;

pub struct Client {
    stream: BufReader<TcpStream>,
    line: String,
    pub body: Vec<u8>,
    /// The cookies of the last answer.
    pub cookies: Vec<String>,
}

impl Client {
    pub async fn connect(to: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let stream = BufReader::new(stream);
        Ok(Self { stream, line: String::new(), body: Vec::new(), cookies: Vec::new() })
    }

    /// Sends a whole request and reads the whole answer; the status.
    pub async fn exchange(&mut self, request: &[u8]) -> Outcome<u16> {
        self.stream.get_mut().write_all(request).await?;
        self.cookies.clear();
        self.next_line().await?;
        let status = self.line.split(' ').nth(1).ok_or("an answer without a status")?.parse()?;
        let mut length = 0;
        loop {
            self.next_line().await?;
            let Some((name, value)) = self.line.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            } else if name.eq_ignore_ascii_case("set-cookie") {
                let pair = value.split(';').next().unwrap_or_default();
                self.cookies.push(pair.trim().to_owned());
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).await?;
        Ok(status)
    }

    async fn next_line(&mut self) -> Outcome {
        self.line.clear();
        if self.stream.read_line(&mut self.line).await? == 0 {
            return Err("the server closed the connection".into());
        }
        Ok(())
    }

    /// As [`exchange`](Self::exchange), and the status must be this one.
    pub async fn expect(&mut self, status: u16, request: &[u8]) -> Outcome {
        let answered = self.exchange(request).await?;
        if answered == status {
            return Ok(());
        }
        let body = String::from_utf8_lossy(&self.body);
        Err(format!("{answered} instead of {status}: {body}").into())
    }
}

pub fn get(path: &str, cookie: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\r\n").into_bytes()
}

/// As our own page sends it; `extra` are whole header lines.
pub fn post(path: &str, cookie: &str, extra: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\
         sec-fetch-site: same-origin\r\nx-paydown: 1\r\n{extra}\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
