//! What happens at the gateway without us: its own pages, the payers' banks, its post.

use serde_json::Value;

use super::TestPortal;

impl TestPortal {
    /// A tester's wish, as the payer's browser would send one.
    pub async fn post_to_sandbox(&self, path: &str, wish: Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.address));
        let request = request.header("content-type", "application/json").body(wish.to_string());
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null)
    }

    /// As [`Self::post_to_sandbox`], where the sandbox may say that it is not the time for it.
    pub async fn try_at_sandbox(&self, path: &str, wish: Value) -> Option<Value> {
        let request = self.http.post(format!("{}{path}", self.address));
        let request = request.header("content-type", "application/json").body(wish.to_string());
        let response = request.send().await.ok()?;
        assert!(response.status().as_u16() < 500, "{path}: {}", response.status());
        let is_done = response.status().is_success();
        let answer = serde_json::from_slice(&response.bytes().await.ok()?).unwrap_or(Value::Null);
        is_done.then_some(answer)
    }

    /// Somebody gives money back in the gateway's own pages.
    pub async fn refund_at_the_gateway(&self, intent: &str, amount: i64) {
        let settings = self.sandbox.gateway_settings();
        let request = self.http.post(format!("{}v1/refunds", settings.base_url));
        let request = request.bearer_auth(settings.secret_key.unwrap().reveal().to_owned());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let form = format!("payment_intent={intent}&amount={amount}");
        assert!(request.body(form).send().await.unwrap().status().is_success());
    }

    /// The last news is delivered first.
    pub async fn turn_the_gateways_news_round(&self) {
        self.execute("update sandbox_event set sequence = -sequence where next_try_at > 0").await;
    }

    /// Every event that came in is told once more.
    pub async fn news_comes_again(&self) {
        self.execute("update gateway_event set applied_at = null, due_at = 0").await;
    }

    pub async fn execute(&self, sql: &'static str) {
        sqlx::query(sql).execute(self.portal.db.read()).await.unwrap();
    }

    /// How much of a kind waits for a person.
    pub async fn open_work(&self, kind: &str) -> usize {
        self.work().await.iter().filter(|(found, _)| found == kind).count()
    }

    /// Somebody changes the book past its guards, and the check finds it.
    pub async fn halt_the_book(&self) {
        self.execute("update account set credit = credit + 1").await;
        server::work::check_the_book(&self.portal).await.unwrap();
    }

    pub async fn mend_the_book(&self) {
        self.execute("update account set credit = credit - 1").await;
        server::work::check_the_book(&self.portal).await.unwrap();
    }
}
