//! A connection whose other end must take what we write.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// From the first time a write has to wait until everything written is taken. The largest file is
/// the app's, some hundred kilobytes; a bad telephone connection takes those in this time.
const PATIENCE: Duration = Duration::from_secs(90);

pub struct Drained<S> {
    stream: S,
    patience: Duration,
    /// Runs while the other end is behind.
    behind: Option<Pin<Box<Sleep>>>,
}

impl<S> Drained<S> {
    pub const fn of(stream: S) -> Self {
        Self { stream, patience: PATIENCE, behind: None }
    }

    /// The outcome of a write of `wanted` bytes, unless the other end has been behind too long.
    fn noted(
        &mut self,
        context: &mut Context<'_>,
        wanted: usize,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if matches!(&written, Poll::Ready(Ok(taken)) if *taken >= wanted) {
            self.behind = None;
            return written;
        }
        let patience = self.patience;
        let behind = self.behind.get_or_insert_with(|| Box::pin(sleep(patience)));
        if behind.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Drained<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Drained<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.noted(context, bytes.len(), written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let wanted = parts.iter().map(|part| part.len()).sum();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, parts);
        this.noted(context, wanted, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const SOON: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn who_takes_a_byte_now_and_then_is_cut_off() {
        let (ours, mut theirs) = duplex(16);
        let mut ours = Drained { stream: ours, patience: SOON, behind: None };
        let dripping = async {
            let mut byte = [0];
            while theirs.read(&mut byte).await.is_ok_and(|n| n > 0) {
                sleep(SOON / 10).await;
            }
        };
        let (written, ()) = tokio::join!(
            async {
                let written = ours.write_all(&[7; 4_096]).await;
                drop(ours);
                written
            },
            dripping
        );
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn who_keeps_up_is_not_however_long_it_goes_on() {
        let (ours, mut theirs) = duplex(16);
        let mut ours = Drained { stream: ours, patience: SOON, behind: None };
        for _ in 0..20 {
            ours.write_all(&[7; 8]).await.unwrap();
            sleep(SOON / 10).await;
            theirs.read_exact(&mut [0; 8]).await.unwrap();
        }
    }
}
