//! Demo money and real money never meet in one database.

use std::sync::Arc;

use crate::support::{On, fresh_database};
use receivables::api::portal::GatewayMode;
use server::clock::{SystemChance, SystemClock};
use server::installation::stamp;
use server::{config, demo};

async fn each(test: impl AsyncFn(server::db::Database)) {
    for on in [On::Sqlite, On::Postgres] {
        let Some((database, folder)) = fresh_database(on, Arc::new(SystemChance)).await else {
            continue;
        };
        test(database.clone()).await;
        database.close().await;
        let _ = std::fs::remove_dir_all(folder);
    }
}

#[tokio::test]
async fn a_database_belongs_to_the_first_kind_of_money_it_met() {
    each(async |database| {
        stamp(&database, GatewayMode::Live).await.unwrap().unwrap();
        stamp(&database, GatewayMode::Live).await.unwrap().unwrap();
        for other in [GatewayMode::Sandbox, GatewayMode::Test] {
            let words = stamp(&database, other).await.unwrap().unwrap_err().to_string();
            assert!(words.contains("holds live money"), "{words}");
        }
    })
    .await;
}

#[tokio::test]
async fn demo_data_keeps_a_live_key_out_and_a_live_database_keeps_demo_data_out() {
    each(async |database| {
        let loaded = config::load(None, &[]).unwrap();
        let (settings, zone) = (&loaded.settings, &loaded.zone);
        let chance = Arc::new(SystemChance);
        demo::run(&database, settings, zone, &SystemClock, chance.clone()).await.unwrap();
        assert!(stamp(&database, GatewayMode::Live).await.unwrap().is_err());
    })
    .await;
    each(async |database| {
        stamp(&database, GatewayMode::Live).await.unwrap().unwrap();
        let loaded = config::load(None, &[]).unwrap();
        let (settings, zone) = (&loaded.settings, &loaded.zone);
        let chance = Arc::new(SystemChance);
        let refused = demo::run(&database, settings, zone, &SystemClock, chance).await;
        assert!(matches!(refused, Err(demo::DemoError::NotASandbox)));
    })
    .await;
}
