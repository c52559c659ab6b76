//! Sandbox objects in Stripe's shape. A test decodes every one with the published types.

use serde_json::{Value, json};

use super::cards::TestCard;
use super::intents::{
    ChargeStatus, KeptDecline, RefundStatus, SandboxCharge, SandboxIntent, SandboxRefund, Status,
};
use crate::gateway::transport::API_VERSION;

/// An intent; with its latest charge inside where the request asked for that.
pub(super) fn intent(intent: &SandboxIntent, expanded: Option<&SandboxCharge>) -> Value {
    let latest_charge = match expanded {
        Some(found) => charge(found),
        None => json!(intent.latest_charge),
    };
    json!({
        "id": intent.id,
        "object": "payment_intent",
        "amount": intent.amount,
        "amount_capturable": 0,
        "amount_details": { "tip": {} },
        "amount_received": intent.amount_received,
        "application": null,
        "application_fee_amount": null,
        "automatic_payment_methods": { "allow_redirects": "always", "enabled": true },
        "canceled_at": intent.canceled_at,
        "cancellation_reason": intent.cancellation_reason,
        "capture_method": "automatic_async",
        "client_secret": intent.client_secret,
        "confirmation_method": "automatic",
        "created": intent.created,
        "currency": intent.currency,
        "customer": null,
        "description": intent.description,
        "last_payment_error": intent.last_decline.as_ref().map(|d| payment_error(intent, d)),
        "latest_charge": latest_charge,
        "livemode": false,
        "metadata": intent.metadata,
        "next_action": next_action(intent),
        "on_behalf_of": null,
        "payment_method": intent.method_id,
        "payment_method_configuration_details": null,
        "payment_method_options": {},
        "payment_method_types": ["card", "us_bank_account"],
        "processing": null,
        "receipt_email": null,
        "review": null,
        "setup_future_usage": null,
        "shipping": null,
        "source": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": null,
        "status": intent.status.code(),
        "transfer_data": null,
        "transfer_group": null,
    })
}

fn payment_error(intent: &SandboxIntent, decline: &KeptDecline) -> Value {
    let card = intent.card.unwrap_or(TestCard::Success);
    let mut error = json!({
        "type": if card.is_bank_account() { "invalid_request_error" } else { "card_error" },
        "code": decline.code,
        "message": decline.message,
        "payment_method": method(card, "pm_sbx_tried", intent.created),
    });
    if let Some(decline_code) = &decline.decline_code {
        error["decline_code"] = json!(decline_code);
    }
    if let Some(charge) = &intent.latest_charge {
        error["charge"] = json!(charge);
    }
    error
}

fn next_action(intent: &SandboxIntent) -> Value {
    match intent.status {
        Status::RequiresAction => json!({
            "type": "use_stripe_sdk",
            "use_stripe_sdk": { "type": "three_d_secure_redirect" },
        }),
        _ => Value::Null,
    }
}

fn no_billing_details() -> Value {
    let address = json!({
        "city": null, "country": null, "line1": null, "line2": null, "postal_code": null,
        "state": null,
    });
    json!({ "address": address, "email": null, "name": null, "phone": null, "tax_id": null })
}

fn method(card: TestCard, id: &str, created: i64) -> Value {
    let (kind, details) = if card.is_bank_account() {
        let details = json!({
            "account_holder_type": "individual", "account_type": "checking",
            "bank_name": "SANDBOX BANK", "financial_connections_account": null,
            "fingerprint": null, "last4": card.last4(), "networks": null,
            "routing_number": "110000000", "status_details": null,
        });
        ("us_bank_account", details)
    } else {
        let details = json!({
            "brand": "visa", "checks": null, "country": "US", "display_brand": "visa",
            "exp_month": 12, "exp_year": 2040, "fingerprint": null, "funding": "credit",
            "generated_from": null, "last4": card.last4(), "networks": null,
            "three_d_secure_usage": { "supported": true }, "wallet": null,
        });
        ("card", details)
    };
    let mut method = json!({
        "id": id, "object": "payment_method", "allow_redisplay": "unspecified",
        "billing_details": no_billing_details(), "created": created, "customer": null,
        "livemode": false, "metadata": {}, "type": kind,
    });
    method[kind] = details;
    method
}

pub(super) fn charge(charge: &SandboxCharge) -> Value {
    let taken = charge.status == ChargeStatus::Succeeded;
    let decline = charge.decline.as_ref();
    json!({
        "id": charge.id,
        "object": "charge",
        "amount": charge.amount,
        "amount_captured": if taken { charge.amount } else { 0 },
        "amount_refunded": charge.amount_refunded,
        "application": null,
        "application_fee": null,
        "application_fee_amount": null,
        "balance_transaction": null,
        "billing_details": no_billing_details(),
        "calculated_statement_descriptor": null,
        "captured": taken,
        "created": charge.created,
        "currency": charge.currency,
        "customer": null,
        "description": charge.description,
        "disputed": charge.disputed,
        "failure_balance_transaction": null,
        "failure_code": decline.map(|decline| &decline.code),
        "failure_message": decline.map(|decline| &decline.message),
        "fraud_details": {},
        "livemode": false,
        "metadata": charge.metadata,
        "on_behalf_of": null,
        "outcome": outcome(charge),
        "paid": taken,
        "payment_intent": charge.intent_id,
        "payment_method": charge.method_id,
        "payment_method_details": charge_details(charge.card),
        "receipt_email": null,
        "receipt_number": null,
        "receipt_url": null,
        "refunded": taken && charge.amount_refunded == charge.amount,
        "review": null,
        "shipping": null,
        "source": null,
        "source_transfer": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": null,
        "status": charge.status,
        "transfer_data": null,
        "transfer_group": null,
    })
}

fn outcome(charge: &SandboxCharge) -> Value {
    let reason = charge.decline.as_ref().and_then(|decline| decline.decline_code.as_ref());
    let (status, kind, message) = match charge.status {
        ChargeStatus::Failed => {
            ("declined_by_network", "issuer_declined", "The bank declined the payment.")
        }
        _ => ("approved_by_network", "authorized", "Payment complete."),
    };
    json!({
        "network_status": status, "reason": reason, "risk_level": "normal",
        "seller_message": message, "type": kind,
    })
}

fn charge_details(card: TestCard) -> Value {
    if card.is_bank_account() {
        let details = json!({
            "account_holder_type": "individual", "account_type": "checking",
            "bank_name": "SANDBOX BANK", "fingerprint": null, "last4": card.last4(),
            "mandate": null, "payment_reference": null, "routing_number": "110000000",
        });
        return json!({ "type": "us_bank_account", "us_bank_account": details });
    }
    let details = json!({
        "brand": "visa", "checks": null, "country": "US", "exp_month": 12, "exp_year": 2040,
        "fingerprint": null, "funding": "credit", "installments": null, "last4": card.last4(),
        "mandate": null, "network": "visa", "three_d_secure": null, "wallet": null,
    });
    json!({ "type": "card", "card": details })
}

pub(super) fn refund(refund: &SandboxRefund) -> Value {
    let pending = refund.status == RefundStatus::Pending;
    let mut rendered = json!({
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "balance_transaction": null,
        "charge": refund.charge_id,
        "created": refund.created,
        "currency": refund.currency,
        "metadata": refund.metadata,
        "payment_intent": refund.intent_id,
        "pending_reason": pending.then_some("processing"),
        "reason": refund.reason,
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": refund.status,
        "transfer_reversal": null,
    });
    if refund.status == RefundStatus::Failed {
        rendered["failure_reason"] = json!("lost_or_stolen_card");
    }
    rendered
}

/// What an event says about the request that caused it.
pub(super) struct Cause<'c> {
    pub request_id: Option<&'c str>,
    pub idempotency_key: Option<&'c str>,
}

pub(super) fn event(id: &str, kind: &str, created: i64, cause: &Cause<'_>, object: Value) -> Value {
    json!({
        "id": id,
        "object": "event",
        "api_version": API_VERSION,
        "created": created,
        "data": { "object": object },
        "livemode": false,
        "pending_webhooks": 1,
        "request": { "id": cause.request_id, "idempotency_key": cause.idempotency_key },
        "type": kind,
    })
}

pub(super) fn list(url: &str, data: Vec<Value>, has_more: bool) -> Value {
    json!({ "object": "list", "url": url, "has_more": has_more, "data": data })
}
