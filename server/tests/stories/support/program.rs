//! The real program as another process: started, asked over HTTP by people who pay, and told to
//! stop as an operating system does.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use receivables::ids::PaymentId;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use server::clock::{Chance, Clock, SystemChance, SystemClock, ten_bytes, unix_ms};

/// A folder of its own for one story, with the database in it; gone with it.
pub struct Place {
    pub folder: PathBuf,
    pub database_url: String,
}

impl Place {
    pub fn new() -> Self {
        let mut bytes = [0; 8];
        SystemChance.fill(&mut bytes);
        let folder = std::env::temp_dir().join(format!("paydown_test_{}", hex::encode(bytes)));
        std::fs::create_dir_all(&folder).unwrap();
        let database_url = format!("sqlite://{}/paydown.sqlite", folder.display());
        Self { folder, database_url }
    }

    /// With a database on this engine, where there is one.
    pub async fn on(on: crate::support::On) -> Option<Self> {
        let (database_url, folder) = crate::support::fresh_url(on).await?;
        Some(Self { folder, database_url })
    }

    pub fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_paydown"));
        command
            .args(arguments)
            .env("PAYDOWN_DATABASE_URL", &self.database_url)
            .env("PAYDOWN_DATA_DIR", &self.folder)
            .current_dir(&self.folder);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.program(arguments).output().unwrap()
    }

    /// Eight accounts that always owe more than anybody pays in a proof.
    pub fn bill_everybody(&self) -> Vec<String> {
        let mut rows =
            "customerID,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,SettledDate,Disputed\n"
                .to_owned();
        for customer in 7_001..=7_008 {
            for bill in 1..=20 {
                rows.push_str(&format!(
                    "{customer},{customer}-{bill},1/2/2024,2/{bill}/2024,5000.00,,No\n"
                ));
            }
        }
        let file = self.folder.join("bills.csv");
        std::fs::write(&file, rows).unwrap();
        let import = ["import", file.to_str().unwrap(), "--as", "accounts-receivable"];
        let imported = self.run(&import);
        assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
        (7_001..=7_008).map(|customer| format!("{customer}@customers.example")).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// `paydown serve`, listening.
pub struct Serving {
    child: Child,
    pub address: String,
    pub watched_on: Option<String>,
}

impl Serving {
    pub fn start(place: &Place, settings: &[(&str, &str)]) -> Self {
        Self::try_start(place, settings).expect("the server ended before it listened")
    }

    /// As [`Self::start`]; how it ended, where it did before it listened.
    pub fn try_start(place: &Place, settings: &[(&str, &str)]) -> Result<Self, ExitStatus> {
        let mut command = place.program(&["serve", "--listen", "127.0.0.1:0"]);
        command
            .env("RUST_LOG", "warn")
            .env("PAYDOWN_LIMITS__UNFINISHED_PAYMENTS_PER_ACCOUNT", "1000000")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped());
        let log = std::fs::File::create(place.folder.join("log")).unwrap();
        let mut child = command.stderr(log).spawn().unwrap();
        let mut told = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut watched_on = None;
        let address = loop {
            let Some(line) = told.next() else { return Err(child.wait().unwrap()) };
            let line = line.unwrap();
            if let Some(address) = line.strip_prefix("Paydown is watched on ") {
                watched_on = Some(address.to_owned());
            }
            if let Some(address) = line.strip_prefix("Paydown listens on ") {
                break address.to_owned();
            }
        };
        Ok(Self { child, address, watched_on })
    }

    pub fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// How many files it may have open from now on.
    pub fn limit_files(&self, at_most: u32) {
        let (id, limit) = (self.child.id().to_string(), format!("--nofile={at_most}:{at_most}"));
        assert!(Command::new("prlimit").args(["--pid", &id, &limit]).status().unwrap().success());
    }

    /// How long it took to end, and whether it ended well.
    pub fn wait(self, at_most: Duration) -> (Duration, bool) {
        let began = Instant::now();
        let status = self.ended(at_most);
        (began.elapsed(), status.success())
    }

    /// How it ended; killed, when it did not by itself.
    pub fn ended(mut self, at_most: Duration) -> ExitStatus {
        let began = Instant::now();
        while began.elapsed() < at_most {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        self.child.wait().unwrap()
    }
}

/// A customer with a session, in a browser as far as the server can tell; or an operator.
#[derive(Clone)]
pub struct Payer {
    http: Client,
    cookies: String,
    key: Option<String>,
    pub account_id: String,
}

/// What was answered; nothing when the connection ended without an answer.
pub type Answered = Option<(u16, Value)>;

impl Payer {
    fn stranger() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().timeout(Duration::from_secs(40)).build().unwrap();
        Self { http, cookies: String::new(), key: None, account_id: String::new() }
    }

    /// A member of staff, with a key of their own.
    pub fn operator(place: &Place) -> Self {
        let told = place.run(&["operator", "add", "grace", "--role", "approver"]);
        let told = String::from_utf8(told.stdout).unwrap();
        let key = told.split_whitespace().find(|word| word.starts_with("pdop_")).unwrap();
        Self { key: Some(key.to_owned()), ..Self::stranger() }
    }

    pub async fn give_back(&self, address: &str, payment: &str, amount: i64) -> Answered {
        let url = format!("{address}/api/v1/payments/{payment}/refunds");
        let wish = json!({ "amount": amount, "currency": "USD" });
        self.ask(Method::POST, &url, Some(wish)).await
    }

    pub async fn sign_in(address: &str, mail_folder: &Path, email: &str) -> Self {
        let mut payer = Self::stranger();
        let before = codes(mail_folder).len();
        let url = format!("{address}/api/v1/sign-in/codes");
        payer.keep(payer.request(Method::POST, &url, Some(json!({ "email": email }))).await);
        let code = loop {
            let mut codes = codes(mail_folder);
            if codes.len() > before {
                break codes.pop().unwrap();
            }
            tokio::task::yield_now().await;
        };
        let url = format!("{address}/api/v1/sign-in/session");
        payer.keep(payer.request(Method::POST, &url, Some(json!({ "code": code }))).await);
        let (_, session) = payer.ask(Method::GET, &url, None).await.unwrap();
        payer.account_id = session["accounts"][0]["id"].as_str().unwrap().to_owned();
        payer
    }

    /// The values of the cookies.
    pub fn secrets(&self) -> Vec<String> {
        let pairs = self.cookies.split("; ").filter_map(|pair| pair.split_once('='));
        pairs.map(|(_, value)| value.to_owned()).collect()
    }

    async fn request(&self, method: Method, url: &str, body: Option<Value>) -> reqwest::Response {
        self.prepared(method, url, body).send().await.unwrap()
    }

    fn prepared(&self, method: Method, url: &str, body: Option<Value>) -> reqwest::RequestBuilder {
        let mut request = self
            .http
            .request(method, url)
            .header("cookie", &self.cookies)
            .header("sec-fetch-site", "same-origin")
            .header("x-paydown", "1");
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        request
    }

    fn keep(&mut self, response: reqwest::Response) {
        assert!(response.status().is_success(), "{response:?}");
        for line in response.headers().get_all("set-cookie") {
            let line = line.to_str().unwrap();
            if !line.contains("Max-Age=0") {
                let pair = line.split(';').next().unwrap();
                self.cookies = format!("{}{pair}; ", self.cookies);
            }
        }
        self.cookies = self.cookies.trim_end_matches("; ").to_owned() + "; ";
    }

    pub async fn ask(&self, method: Method, url: &str, body: Option<Value>) -> Answered {
        let mut request = self.prepared(method, url, body);
        if ["/payments", "/refunds"].iter().any(|end| url.ends_with(end)) {
            request = request.header("idempotency-key", new_id().to_string());
        }
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let body = response.bytes().await.ok()?;
        Some((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    /// Previews, starts, and gives a card that works. The start's answer, and whether the card
    /// was taken.
    pub async fn pay(&self, address: &str, amount: i64) -> (Answered, bool) {
        let started = self.begin(address, amount).await;
        let Some((201, document)) = &started else { return (started, false) };
        let card_taken = self.give_card(address, document).await;
        (started, card_taken)
    }

    /// Previews and starts.
    pub async fn begin(&self, address: &str, amount: i64) -> Answered {
        let account = format!("{address}/api/v1/accounts/{}", self.account_id);
        let wish = json!({ "amount": amount, "currency": "USD" });
        let previews = format!("{account}/allocation-previews");
        let previewed = match self.ask(Method::POST, &previews, Some(wish)).await {
            Some((200, previewed)) => previewed,
            refused => return refused,
        };
        let start = json!({
            "id": new_id().to_string(), "amount": amount, "currency": "USD",
            "fingerprint": previewed["preview"]["fingerprint"],
        });
        self.ask(Method::POST, &format!("{account}/payments"), Some(start)).await
    }

    /// Whether the card was taken.
    async fn give_card(&self, address: &str, document: &Value) -> bool {
        let form = &document["card_form"];
        let (Some(intent), Some(secret)) =
            (form["gateway_ref"].as_str(), form["client_secret"].as_str())
        else {
            return false;
        };
        let confirm = json!({ "client_secret": secret, "card": "success" });
        let url = format!("{address}/sandbox/intents/{intent}/confirm");
        let confirmed = self.ask(Method::POST, &url, Some(confirm)).await;
        confirmed.is_some_and(|(status, _)| status == 200)
    }

    pub async fn cancel(&self, address: &str, payment: &str) -> Answered {
        let url = format!("{address}/api/v1/payments/{payment}/cancellation");
        self.ask(Method::POST, &url, Some(json!({}))).await
    }
}

fn new_id() -> PaymentId {
    let ms = unix_ms(SystemClock.now());
    PaymentId::from_parts(ms, &ten_bytes(&SystemChance))
}

/// The codes in the letters that are written to their end, oldest first.
pub fn codes(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut letters: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    letters.sort();
    letters.iter().filter_map(|letter| code_in(&std::fs::read(letter).ok()?)).collect()
}

fn code_in(raw: &[u8]) -> Option<String> {
    let letter = mailparse::parse_mail(raw).ok()?;
    let text = letter.subparts.first()?.get_body().ok()?;
    let is_code = |word: &&str| word.len() == 9 && word.as_bytes()[4] == b'-';
    letter.subparts.get(1)?;
    text.split_whitespace().find(is_code).map(str::to_owned)
}
