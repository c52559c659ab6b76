//! The audit trail: what is done leaves an act, acts are chained, and whoever changes one is
//! found out at that very act. P18: 10,000 bits turned over one by one.

use crate::support::proof::Proof;
use crate::support::{On, TestPortal};
use server::audit::{self, Head, Trail};
use server::db::snapshot;
use server::gateway::sandbox::TestCard;
use server::ledger;
use sqlx::{AssertSqlSafe, Row};

async fn trail(portal: &TestPortal, kept: Option<&Head>) -> Trail {
    let mut moment = snapshot(portal.portal.db.read()).await.unwrap();
    audit::verify(&mut moment, kept).await.unwrap()
}

/// Past every guard, as somebody who owns the database could.
async fn tamper(portal: &TestPortal, sql: String) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(AssertSqlSafe(sql)).execute(portal.portal.db.read()).await;
    done.map(|done| done.rows_affected())
}

fn is_second_of_one_id(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_unique_violation())
}

async fn take_the_guards_off(portal: &TestPortal) {
    for change in ["update", "delete"] {
        let on = if portal.portal.db.engine() == server::db::Engine::Postgres {
            " on audit_act"
        } else {
            ""
        };
        let sql = format!("drop trigger audit_act_refuses_{change}{on}");
        tamper(portal, sql).await.unwrap();
    }
}

/// Bills, payments that succeed and one that is given up: a trail of some dozens of acts.
async fn a_trail(portal: &TestPortal) -> Head {
    for _ in 0..4 {
        let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
        for _ in 0..3 {
            let started = portal.started(&account, 1_000).await;
            portal.choose(&started, TestCard::Success).await;
            portal.news_arrives().await;
        }
        let given_up = portal.started(&account, 2_000).await;
        server::payments::cancel(&portal.portal, &given_up.payment).await.unwrap();
    }
    audit::seal(&portal.portal).await.unwrap();
    let trail = trail(portal, None).await;
    assert_eq!((trail.broken.as_deref(), trail.unsealed), (None, 0));
    trail.head
}

/// A value as the database's own text, and how to write it back.
const TEXTS: [&str; 8] =
    ["id", "kind", "actor", "about", "account_id", "request", "digest", "hash"];

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

struct Drawn<'p>(&'p TestPortal);

impl Drawn<'_> {
    fn below(&self, limit: usize) -> usize {
        let mut bytes = [0; 4];
        self.0.portal.chance.fill(&mut bytes);
        u32::from_le_bytes(bytes) as usize % limit
    }
}

/// One bit of one value of one act, turned over: how to do it and how to undo it.
async fn flip(portal: &TestPortal, head: &Head) -> Option<(i64, String, String)> {
    let drawn = Drawn(portal);
    let n = 1 + i64::try_from(drawn.below(usize::try_from(head.n).unwrap())).unwrap();
    let column = drawn.below(TEXTS.len() + 1);
    let select = |what: &str| AssertSqlSafe(format!("select {what} from audit_act where n = {n}"));
    let pool = portal.portal.db.read();
    let set =
        |column: &str, to: &str| format!("update audit_act set {column} = {to} where n = {n}");
    if column == TEXTS.len() {
        let at: i64 = sqlx::query_scalar(select("at")).fetch_one(pool).await.unwrap();
        let turned = at ^ (1 << drawn.below(62));
        return Some((n, set("at", &turned.to_string()), set("at", &at.to_string())));
    }
    let column = TEXTS[column];
    let row = sqlx::query(select(column)).fetch_one(pool).await.unwrap();
    let text: String = row.try_get::<Option<String>, _>(0).unwrap()?;
    let mut bytes = text.clone().into_bytes();
    let place = drawn.below(bytes.len());
    bytes[place] ^= 1 << drawn.below(7);
    // No database takes a text with a zero in it.
    let turned = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))?;
    Some((n, set(column, &quoted(&turned)), set(column, &quoted(&text))))
}

stories! {
    async fn every_single_bit_that_is_turned_over_is_found_at_its_act(portal: TestPortal) {
        let proof = Proof::begin("P18", portal.on(), 10_000);
        let flips = proof.n;
        let head = a_trail(portal).await;
        take_the_guards_off(portal).await;
        let mut turned_over = 0;
        while turned_over < flips {
            let Some((n, turn, back)) = flip(portal, &head).await else { continue };
            let done = tamper(portal, turn.clone()).await;
            // The database itself takes no second act of one id.
            if done.as_ref().is_err_and(is_second_of_one_id) {
                continue;
            }
            assert_eq!(done.unwrap(), 1);
            let found = trail(portal, None).await;
            let broken = found.broken.unwrap_or_default();
            assert!(broken.starts_with(&format!("act {n} ")), "{turn}\ngave {broken:?}");
            assert_eq!(tamper(portal, back).await.unwrap(), 1);
            turned_over += 1;
        }
        assert_eq!(trail(portal, Some(&head)).await.broken, None);
        proof.counted("acts in the trail", head.n);
        proof.counted("bits turned over, each found at its act", turned_over);
    }

    async fn acts_taken_out_swapped_or_cut_off_are_found_at_the_first(portal: TestPortal) {
        let head = a_trail(portal).await;
        take_the_guards_off(portal).await;
        let columns = "id, kind, actor, about, account_id, at, request, digest, n, hash";
        for n in [1, 2, head.n / 2, head.n - 1] {
            let keep = format!("create table kept as select {columns} from audit_act where n = {n}");
            tamper(portal, keep).await.unwrap();
            tamper(portal, format!("delete from audit_act where n = {n}")).await.unwrap();
            let broken = trail(portal, None).await.broken;
            assert_eq!(broken, Some(format!("act {n} is missing")));
            let back = format!("insert into audit_act ({columns}) select {columns} from kept");
            tamper(portal, back).await.unwrap();
            tamper(portal, "drop table kept".into()).await.unwrap();
        }
        // Two acts change places, with or without their hashes.
        let (one, other) = (head.n / 3, head.n / 2);
        let step = |from: i64, to: i64| format!("update audit_act set n = {to} where n = {from}");
        for (from, to) in [(one, -1), (other, one), (-1, other)] {
            tamper(portal, step(from, to)).await.unwrap();
        }
        let broken = trail(portal, None).await.broken.unwrap();
        assert!(broken.starts_with(&format!("act {one} ")), "{broken}");
        for (from, to) in [(one, -1), (other, one), (-1, other)] {
            tamper(portal, step(from, to)).await.unwrap();
        }
        assert_eq!(trail(portal, Some(&head)).await.broken, None);
        // The end cut off shows only against a head that was kept elsewhere.
        tamper(portal, format!("delete from audit_act where n > {}", head.n - 2)).await.unwrap();
        assert_eq!(trail(portal, None).await.broken, None);
        let broken = trail(portal, Some(&head)).await.broken.unwrap();
        assert!(broken.starts_with(&format!("act {} is missing", head.n - 1)), "{broken}");
        // A trail that was written anew from somewhere on does not have the kept head either.
        let other_head = Head { n: 2, hash: "0".repeat(64) };
        let broken = trail(portal, Some(&other_head)).await.broken.unwrap();
        assert!(broken.contains("rewritten"), "{broken}");
    }

    async fn the_database_itself_refuses_to_change_an_act(portal: TestPortal) {
        a_trail(portal).await;
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        portal.started(&account, 1_000).await;
        for change in [
            "delete from audit_act where n = 1",
            "delete from audit_act where n is null",
            "update audit_act set actor = 'somebody' where n = 1",
            "update audit_act set hash = 'x' where n = 1",
            "update audit_act set actor = 'somebody' where n is null",
        ] {
            assert!(tamper(portal, change.into()).await.is_err(), "{change}");
        }
    }

    async fn who_started_what_stands_in_the_trail_and_nobodys_name(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        let started = portal.started(&account, 1_000).await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        let sql = "select kind, actor, about from audit_act order by at, id";
        let rows = sqlx::query(sql).fetch_all(portal.portal.db.read()).await.unwrap();
        let text = |row: &sqlx::any::AnyRow, column: usize| row.try_get::<String, _>(column).unwrap();
        let mut acts: Vec<_> =
            rows.iter().map(|row| (text(row, 0), text(row, 1), text(row, 2))).collect();
        acts.sort();
        let (payment, customer) = (started.payment.id.to_string(), account.customer_id.to_string());
        assert_eq!(acts, [
            ("bill_issued".to_owned(), "bill".to_owned(), account.bills[0].to_string()),
            ("payment_created".to_owned(), customer, payment.clone()),
            ("payment_received".to_owned(), "sandbox".to_owned(), payment),
        ]);
    }

    async fn a_book_changed_so_that_it_still_adds_up_is_found_by_the_trail(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
        let started = portal.started(&account, 1_000).await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        portal.the_book_is_exact().await;
        let on = if portal.portal.db.engine() == server::db::Engine::Postgres {
            " on posting"
        } else {
            ""
        };
        tamper(portal, format!("drop trigger posting_refuses_update{on}")).await.unwrap();
        let sql = "update posting set effective_on = '2026-01-01' where kind = 'payment_received'";
        assert_eq!(tamper(portal, sql.into()).await.unwrap(), 1);
        let findings = ledger::check(portal.portal.db.read()).await.unwrap();
        let broken: Vec<_> =
            findings.iter().filter(|finding| !finding.broken.is_empty()).collect();
        assert_eq!(broken.len(), 1, "{broken:?}");
        assert_eq!(broken[0].holds, "every posting is as the audit trail recorded it");
        let back = format!(
            "update posting set effective_on = '{}' where kind = 'payment_received'",
            portal.portal.today()
        );
        tamper(portal, back).await.unwrap();
    }

    async fn two_who_seal_at_once_give_each_act_one_place(portal: TestPortal) {
        for _ in 0..30 {
            portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
        }
        let sealing = (0..6).map(|_| audit::seal(&portal.portal));
        for sealed in futures_util::future::join_all(sealing).await {
            sealed.unwrap();
        }
        audit::seal(&portal.portal).await.unwrap();
        let trail = trail(portal, None).await;
        assert_eq!((trail.head.n, trail.unsealed, trail.broken), (60, 0, None));
    }
}
