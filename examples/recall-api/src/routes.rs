//! Every endpoint, in one table, and what each does.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::store::{Incident, Product, Recall, Window};
use crate::{Error, Store, files, page};

/// The whole API over one database.
pub fn router(store: Store) -> Router {
    Router::new()
        .route("/", get(|| async { Html(page::HOME) }))
        .route("/healthz", get(|| async { "ok" }))
        .route("/search", get(search_page))
        .route("/v1/recalls", get(search))
        .route("/v1/recalls/{id}", get(recall))
        .route("/v1/products", get(products))
        .route("/v1/products/{sku}", get(product))
        .route("/v1/incidents", post(report))
        .route("/v1/incidents/{id}", get(incident))
        .route("/v1/login", post(login))
        .route("/v1/admin/incidents", get(incidents))
        .route("/v1/files", get(file))
        .with_state(store)
}

/// `page` counts from 1; `per_page` is 20 unless told, and at most 100.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Paging {
    page: Option<u32>,
    per_page: Option<u32>,
}

impl Paging {
    fn window(self) -> Window {
        let limit = i64::from(self.per_page.unwrap_or(20).clamp(1, 100));
        let page = i64::from(self.page.unwrap_or(1).max(1));
        Window {
            limit,
            offset: (page - 1) * limit,
        }
    }
}

// The page's numbers stand here again, since serde cannot flatten numbers out of a query string.
#[derive(Debug, Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
    category: Option<String>,
    page: Option<u32>,
    per_page: Option<u32>,
}

async fn search(
    State(store): State<Store>,
    Query(search): Query<Search>,
) -> Result<Json<Vec<Recall>>, Error> {
    let paging = Paging {
        page: search.page,
        per_page: search.per_page,
    };
    let found = store
        .search(search.q, search.category, paging.window())
        .await?;
    Ok(Json(found))
}

async fn search_page(
    State(store): State<Store>,
    Query(search): Query<Search>,
) -> Result<Html<String>, Error> {
    let window = Window {
        limit: 20,
        offset: 0,
    };
    let found = store.search(search.q.clone(), None, window).await?;
    Ok(Html(page::search(&search.q, &found)))
}

async fn recall(State(store): State<Store>, Path(id): Path<i64>) -> Result<Json<Recall>, Error> {
    store.recall(id).await.map(Json)
}

async fn products(
    State(store): State<Store>,
    Query(paging): Query<Paging>,
) -> Result<Json<Vec<Product>>, Error> {
    store.products(paging.window()).await.map(Json)
}

async fn product(
    State(store): State<Store>,
    Path(sku): Path<String>,
) -> Result<Json<Product>, Error> {
    store.product(sku).await.map(Json)
}

async fn report(
    State(store): State<Store>,
    Json(incident): Json<Incident>,
) -> Result<(StatusCode, Json<Value>), Error> {
    if incident.reporter.trim().is_empty() || incident.description.trim().is_empty() {
        return Err(Error::Invalid("reporter and description must not be empty"));
    }
    let id = store.report(incident).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

async fn incident(
    State(store): State<Store>,
    Path(id): Path<i64>,
) -> Result<Json<Incident>, Error> {
    store.incident(id).await.map(Json)
}

#[derive(Deserialize)]
struct Login {
    email: String,
    password: String,
}

async fn login(State(store): State<Store>, Json(login): Json<Login>) -> Result<Json<Value>, Error> {
    let token = store.login(login.email, login.password).await?;
    Ok(Json(json!({ "token": token })))
}

async fn incidents(
    State(store): State<Store>,
    headers: HeaderMap,
    Query(paging): Query<Paging>,
) -> Result<Json<Vec<Incident>>, Error> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or(Error::Unauthorized)?;
    store.admit(token.to_owned()).await?;
    store.incidents(paging.window()).await.map(Json)
}

#[derive(Debug, Deserialize)]
struct File {
    name: String,
}

async fn file(Query(file): Query<File>) -> Result<impl IntoResponse, Error> {
    let text = files::read(&file.name).ok_or(Error::NotFound)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text))
}
