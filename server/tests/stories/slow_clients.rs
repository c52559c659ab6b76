//! Clients that are slow, greedy or speak HTTP in two ways at once, against the real program on
//! real connections: payers go on being answered, and nobody smuggles a second request in. P16:
//! 1,000 slow connections for a minute.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::On;
use crate::support::program::{Payer, Place, Serving};
use crate::support::proof::Proof;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HEAD_PATIENCE: Duration = Duration::from_secs(10);
const BODY_PATIENCE: Duration = Duration::from_secs(15);

async fn connected(serving: &Serving) -> TcpStream {
    TcpStream::connect(serving.address.trim_start_matches("http://")).await.unwrap()
}

/// All that is answered until the connection ends, within half a minute.
async fn answered(mut stream: TcpStream) -> String {
    let mut told = Vec::new();
    let reading = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut told));
    // A connection that is cut while we still write is at its end as well.
    let _ = reading.await.expect("the connection stays open");
    String::from_utf8_lossy(&told).into_owned()
}

async fn said(serving: &Serving, request: &str) -> String {
    let mut stream = connected(serving).await;
    let _ = stream.write_all(request.as_bytes()).await;
    answered(stream).await
}

fn statuses(told: &str) -> Vec<&str> {
    let lines = told.lines().filter(|line| line.starts_with("HTTP/1."));
    lines.filter_map(|line| line.split(' ').nth(1)).collect()
}

fn guarded(told: &str) -> bool {
    ["x-content-type-options: nosniff", "cache-control: no-store", "referrer-policy: no-referrer"]
        .iter()
        .all(|line| told.contains(line))
        && told.contains("content-security-policy: default-src 'none'")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_can_be_read_in_two_ways_is_refused_or_ends_its_connection() {
    let place = Place::new();
    let serving = Serving::start(&place, &[]);
    let smuggled = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let post = "POST /csp-reports HTTP/1.1\r\nHost: a\r\n";
    // Both lengths: read as chunked, as the standard allows, and never followed by another.
    for both in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    ] {
        let told = said(&serving, &format!("{post}{both}\r\n0\r\n\r\n{smuggled}")).await;
        assert_eq!(statuses(&told), ["204"], "{told}");
    }
    for wrong in [
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Content-Length: 4, 5\r\n",
        "Content-Length: +4\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "X-Folded: a\r\n b\r\nContent-Length: 0\r\n",
        "Content-Length : 0\r\n",
        "X-Nul: \0\r\nContent-Length: 0\r\n",
    ] {
        let told = said(&serving, &format!("{post}{wrong}\r\n{smuggled}{smuggled}")).await;
        assert_eq!(statuses(&told), ["400"], "{wrong:?}: {told}");
    }
    let old = said(&serving, "POST /csp-reports HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(statuses(&old.await), ["400"]);
    serving.signal("-TERM");
    assert!(serving.wait(Duration::from_secs(25)).1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_long_is_refused_with_our_own_words_and_headers() {
    let place = Place::new();
    let serving = Serving::start(&place, &[]);
    let long = "a".repeat(20 * 1024);
    let close = "Host: a\r\nConnection: close\r\n";
    for (request, status, code) in [
        (format!("GET / HTTP/1.1\r\n{close}X-Long: {long}\r\n\r\n"), "431", "headers-too-large"),
        (format!("GET /{} HTTP/1.1\r\n{close}\r\n", &long[..8192]), "414", "address-too-long"),
        (format!("GET /?q={} HTTP/1.1\r\n{close}\r\n", &long[..8192]), "414", "address-too-long"),
        (format!("TRACE / HTTP/1.1\r\n{close}\r\n"), "405", "method-not-allowed"),
        (format!("TRACE /api/v1/portal HTTP/1.1\r\n{close}\r\n"), "405", "method-not-allowed"),
        (format!("GET /api/../admin HTTP/1.1\r\n{close}\r\n"), "404", "not-found"),
        (format!("GET //api HTTP/1.1\r\n{close}\r\n"), "404", "not-found"),
        (format!("PUT /bills/x HTTP/1.1\r\n{close}\r\n"), "404", "not-found"),
        (
            format!(
                "POST /csp-reports HTTP/1.1\r\n{close}Content-Length: 70000\r\n\r\n{}",
                "a".repeat(70_000)
            ),
            "413",
            "payload-too-large",
        ),
    ] {
        let told = said(&serving, &request).await;
        let line = request.split("\r\n").next().unwrap();
        let line = &line[..line.len().min(60)];
        assert_eq!(statuses(&told), [status], "{line}");
        assert!(told.contains(&format!("\"code\":\"{code}\"")), "{line}: {told}");
        assert!(guarded(&told), "{line}: {told}");
    }
    // More headers than anybody needs, and a head beyond all measure: refused unread.
    let many = (0..200).map(|n| format!("X-{n}: a\r\n")).collect::<String>();
    for head in [many, format!("X-Long: {}\r\n", "a".repeat(100_000))] {
        let told = said(&serving, &format!("GET / HTTP/1.1\r\n{close}{head}\r\n")).await;
        assert_eq!(statuses(&told), ["431"]);
    }
    serving.signal("-TERM");
    assert!(serving.wait(Duration::from_secs(25)).1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_finish_a_request_is_given_up() {
    let place = Place::new();
    let serving = Serving::start(&place, &[]);
    let slow = async |begun: &str, most: Duration| {
        let began = Instant::now();
        let told = said(&serving, begun).await;
        let took = began.elapsed();
        assert!(took < most + Duration::from_secs(10), "{begun}: {took:?}");
        assert!(took > most / 2, "{begun}: {took:?}");
        told
    };
    let body = "POST /csp-reports HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
                Content-Length: 100\r\n\r\n{";
    let (silent, head, body) = tokio::join!(
        slow("", HEAD_PATIENCE),
        slow("GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ", HEAD_PATIENCE),
        slow(body, BODY_PATIENCE),
    );
    assert_eq!((silent.as_str(), head.as_str()), ("", ""));
    assert_eq!(statuses(&body), ["408"]);
    assert!(body.contains("\"code\":\"request-timeout\"") && guarded(&body), "{body}");
    serving.signal("-TERM");
    assert!(serving.wait(Duration::from_secs(25)).1);
}

/// One that never finishes, of three kinds, and comes back whenever it is sent away.
async fn be_slow(address: String, kind: usize, over: Arc<AtomicBool>) -> u32 {
    let begun = [
        "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ",
        "POST /csp-reports HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n{",
        "GET /api/v1/portal HTTP/1.1\r\nHost: a\r\n\r\n",
    ];
    let mut came = 0;
    let mut pace = tokio::time::interval(Duration::from_millis(250));
    while !over.load(Ordering::SeqCst) {
        pace.tick().await;
        let Ok(mut stream) = TcpStream::connect(&address).await else { continue };
        came += 1;
        if stream.write_all(begun[kind % 3].as_bytes()).await.is_err() {
            continue;
        }
        while !over.load(Ordering::SeqCst) {
            pace.tick().await;
            if kind % 3 < 2 && stream.write_all(b"a").await.is_err() {
                break;
            }
        }
    }
    came
}

/// How long each of a payer's payments took, in milliseconds, shortest first. A connection that
/// idled may be closed at the moment it is used again; then the payer asks once more, as browsers
/// do, and that must stay rare.
async fn paid(payer: &Payer, address: &str, over: impl Fn() -> bool) -> Vec<u128> {
    let mut took = Vec::new();
    let mut cut_off = 0;
    while !over() {
        let began = Instant::now();
        let (started, _) = payer.clone().pay(address, 500).await;
        let Some((status, _)) = started else {
            cut_off += 1;
            continue;
        };
        assert!(matches!(status, 201 | 409 | 422), "a payer was answered {status}");
        took.push(began.elapsed().as_millis());
    }
    println!("P16: connections closed under a payer {cut_off}");
    assert!(cut_off * 10 <= took.len() + 10, "{cut_off} cut off beside {} answers", took.len());
    took.sort_unstable();
    took
}

fn nearly_worst(sorted: &[u128]) -> u128 {
    sorted[(sorted.len() * 99 / 100).min(sorted.len() - 1)]
}

proofs! {
    async fn payers_go_on_paying_beside_slow_and_greedy_clients(on: On) {
        let Some(place) = Place::on(on).await else { return };
        let proof = Proof::begin("P16", on, 1_000);
        assert!(place.run(&["demo"]).status.success());
        // Fewer places than slow clients: who says nothing makes room.
        let places = (proof.n * 6 / 10).to_string();
        let settings = [("PAYDOWN_CONNECTIONS", places.as_str())];
        let serving = Serving::start(&place, &settings);
        let mail = place.folder.join("mail");
        let payer = Payer::sign_in(&serving.address, &mail, "gina@customers.example").await;
        let began = Instant::now();
        let lasts = Duration::from_millis(u64::try_from(proof.n).unwrap() * 60);
        let undisturbed = paid(&payer, &serving.address, || began.elapsed() > lasts / 4).await;
        let over = Arc::new(AtomicBool::new(false));
        let at = serving.address.trim_start_matches("http://").to_owned();
        let slow: Vec<_> =
            (0..proof.n).map(|kind| tokio::spawn(be_slow(at.clone(), kind, over.clone()))).collect();
        let began = Instant::now();
        let beside = paid(&payer, &serving.address, || began.elapsed() > lasts).await;
        over.store(true, Ordering::SeqCst);
        let mut came = 0;
        for slow in slow {
            came += slow.await.unwrap();
        }
        proof.counted("slow connections opened", came);
        proof.counted("payments undisturbed", undisturbed.len());
        proof.counted("milliseconds of 99 in 100 of those", nearly_worst(&undisturbed));
        proof.counted("payments beside slow clients", beside.len());
        proof.counted("milliseconds of 99 in 100 of those", nearly_worst(&beside));
        assert!(usize::try_from(came).unwrap() > proof.n, "nobody was sent away");
        // Loose, since the machine that tests may be busy with other things: not one is lost.
        assert!(beside.len() >= 5 && nearly_worst(&beside) < 10_000);
        serving.signal("-TERM");
        assert!(serving.wait(Duration::from_secs(25)).1);
    }
}
