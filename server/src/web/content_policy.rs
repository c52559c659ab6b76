//! The content security policies of our pages: what a page may load, and from where.
//!
//! A policy for each of the app's documents: only the one under `/pay/`, and only with a real
//! gateway, may run the gateway's script. The inline script that starts a document's module is
//! named by its hash, taken from the built document itself.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const GATEWAY_SCRIPTS: &str = "https://js.stripe.com https://*.js.stripe.com";
const GATEWAY_FRAMES: &str = "https://hooks.stripe.com";
const GATEWAY_API: &str = "https://api.stripe.com";
const REPORTING_ENDPOINTS: HeaderName = HeaderName::from_static("reporting-endpoints");

/// Where browsers tell what a policy stopped.
pub const REPORTS: &str = "/csp-reports";

/// Whether the page at `path` is one of paying.
pub fn is_paying(path: &str) -> bool {
    path.starts_with("/pay/")
}

/// Whether the page at `path` is the staff desk's.
pub fn is_at_the_desk(path: &str) -> bool {
    path == "/desk" || path.starts_with("/desk/")
}

/// The built texts of the app's documents.
#[derive(Clone, Copy, Debug)]
pub struct Documents<'a> {
    pub portal: &'a str,
    pub pay: &'a str,
    pub desk: &'a str,
}

/// The policies of the app's documents.
#[derive(Clone, Debug)]
pub struct AppPolicies {
    portal: HeaderValue,
    pay: HeaderValue,
    desk: HeaderValue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayScript {
    Needed,
    /// In the sandbox nothing of the gateway is loaded.
    NotNeeded,
}

impl AppPolicies {
    pub fn of(built: Documents<'_>, gateway: GatewayScript, public_url: &str) -> Self {
        let Documents { portal, pay, desk } = built;
        let report = report_to(public_url);
        let policy = |document: &str, scripts: &str, frames: &str, connections: &str| {
            let hashes = inline_scripts(document)
                .map(|script| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(script))))
                .collect::<String>();
            header_value(&format!(
                "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{hashes}{scripts}; \
                 connect-src 'self'{connections}; style-src 'self'; img-src 'self' data:; \
                 font-src 'self'; manifest-src 'self'{frames}; form-action 'self'; \
                 base-uri 'none'; object-src 'none'; frame-ancestors 'none'; {report}"
            ))
        };
        let pay = match gateway {
            GatewayScript::NotNeeded => policy(pay, "", "", ""),
            GatewayScript::Needed => policy(
                pay,
                &format!(" {GATEWAY_SCRIPTS}"),
                &format!("; frame-src {GATEWAY_SCRIPTS} {GATEWAY_FRAMES}"),
                &format!(" {GATEWAY_API}"),
            ),
        };
        Self { portal: policy(portal, "", "", ""), pay, desk: policy(desk, "", "", "") }
    }

    /// Sets the policy for the document asked for at `path`.
    pub fn set(&self, path: &str, headers: &mut HeaderMap) {
        let policy = match path {
            path if is_paying(path) => &self.pay,
            path if is_at_the_desk(path) => &self.desk,
            _ => &self.portal,
        };
        headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
        name_reports(headers);
    }
}

/// The policy of a page that is only text and a style sheet of ours.
pub fn set_plain_page(headers: &mut HeaderMap, public_url: &str) {
    set_page(headers, public_url, "'none'");
}

/// As [`set_plain_page`], with forms that are sent to ourselves.
pub fn set_form_page(headers: &mut HeaderMap, public_url: &str) {
    set_page(headers, public_url, "'self'");
}

fn set_page(headers: &mut HeaderMap, public_url: &str, forms_go_to: &str) {
    let policy = header_value(&format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action {forms_go_to}; \
         base-uri 'none'; frame-ancestors 'none'; {}",
        report_to(public_url)
    ));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    name_reports(headers);
}

/// Browsers ignore the old word where they know the new one, and obey the new one only over TLS.
fn report_to(public_url: &str) -> String {
    if public_url.starts_with("https:") {
        return format!("report-uri {REPORTS}; report-to csp");
    }
    format!("report-uri {REPORTS}")
}

fn name_reports(headers: &mut HeaderMap) {
    headers.insert(REPORTING_ENDPOINTS, header_value(&format!("csp=\"{REPORTS}\"")));
}

/// All is built from our own words and base64, so it always fits; should it not, nothing runs.
fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The text between the tags of each script that is not loaded from a file.
fn inline_scripts(document: &str) -> impl Iterator<Item = &str> {
    document.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let (script, _) = rest.split_once("</script>")?;
        (!attributes.contains(" src=")).then_some(script)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTAL: &str = "<head><script src=\"/a.js\"></script>\
        <script type=\"module\">\nboot();\n</script></head>";
    const PAY: &str = "<script type=\"module\">pay();</script>";
    const DESK: &str = "<script type=\"module\">desk();</script>";

    fn policy(gateway: GatewayScript, path: &str) -> String {
        let mut headers = HeaderMap::new();
        let built = Documents { portal: PORTAL, pay: PAY, desk: DESK };
        AppPolicies::of(built, gateway, "http://127.0.0.1").set(path, &mut headers);
        headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned()
    }

    #[test]
    fn the_inline_script_is_named_by_its_hash_and_nothing_else_inline_may_run() {
        for (path, script) in [
            ("/", "\nboot();\n"),
            ("/pay/acc_1", "pay();"),
            ("/desk", "desk();"),
            ("/desk/accounts/acc_1", "desk();"),
            ("/desks", "\nboot();\n"),
        ] {
            let hash = STANDARD.encode(Sha256::digest(script));
            let policy = policy(GatewayScript::NotNeeded, path);
            assert!(policy.contains(&format!("'wasm-unsafe-eval' 'sha256-{hash}';")), "{policy}");
            assert_eq!(policy.matches("sha256-").count(), 1);
            assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
        }
    }

    #[test]
    fn the_gateways_script_runs_only_under_pay_and_never_in_the_sandbox() {
        assert!(policy(GatewayScript::Needed, "/pay/acc_1").contains("https://js.stripe.com"));
        for path in ["/", "/bills/bill_1", "/payments", "/api/pay/", "/pay"] {
            assert!(!policy(GatewayScript::Needed, path).contains("stripe.com"), "{path}");
        }
        assert!(!policy(GatewayScript::NotNeeded, "/pay/acc_1").contains("stripe.com"));
    }
}
