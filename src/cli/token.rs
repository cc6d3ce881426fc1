//! `highstreet token`: API tokens for scripts. A token is printed once, when it is made; the store knows its hash.

use axum::Json;
use axum::extract::State;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

use crate::accounts::{self, Email, Refusal, SessionKind, Token as Secret, TokenScope};
use crate::api::{ApiResult, Problem};
use crate::base::Line;
use crate::cli::admin::{Desk, Operator};
use crate::cli::config::Config;
use crate::cli::{Exit, Failure, print};
use crate::store::{Expect, Tx};

#[derive(Debug, Args)]
pub struct Token {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token that acts for a person, and print it once
    Create {
        /// Whom it acts for; it never may more than they may
        #[arg(long, value_name = "EMAIL")]
        user: String,
        /// read, own, till, desk or operate; several are allowed
        #[arg(long = "scope", value_name = "SCOPE", required = true, num_args = 1..)]
        scopes: Vec<String>,
        /// What it is for
        #[arg(long, default_value = "made by the operator")]
        label: String,
    },
    /// List all tokens, without what makes them work
    List,
    /// End a token
    Revoke {
        /// As `list` prints it
        id: String,
    },
}

impl Token {
    pub fn run(self, config: Config) -> Result<Exit, Failure> {
        let operator = Operator::reach(&config, Expect::Any)?;
        match self.command {
            TokenCommand::Create { user, scopes, label } => {
                let made: MadeToken = operator.ask("/token/create", &CreateToken { user, scopes, label })?;
                Ok(print(&if config.json { json_line(&made)? } else { format!("{}\n", made.token) }))
            }
            TokenCommand::List => {
                let tokens: TokenList = operator.ask("/token/list", &serde_json::json!({}))?;
                let lines = || tokens.items.iter().map(TokenRow::to_string).collect::<String>();
                Ok(print(&if config.json { json_line(&tokens)? } else { lines() }))
            }
            TokenCommand::Revoke { id } => {
                let _: serde_json::Value = operator.ask("/token/revoke", &RevokeToken { id })?;
                Ok(Exit::Done)
            }
        }
    }
}

fn json_line(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(value).map_err(|error| Failure::new(Exit::Bug, error.to_string()))?;
    Ok(format!("{text}\n"))
}

#[derive(Serialize, Deserialize)]
pub(in crate::cli) struct CreateToken {
    user: String,
    scopes: Vec<String>,
    label: String,
}

#[derive(Serialize, Deserialize)]
pub(in crate::cli) struct MadeToken {
    id: String,
    token: String,
}

#[derive(Serialize, Deserialize)]
pub(in crate::cli) struct RevokeToken {
    id: String,
}

#[derive(Serialize, Deserialize)]
pub(in crate::cli) struct TokenList {
    items: Vec<TokenRow>,
}

/// A token as the operator sees it; one line.
#[derive(Serialize, Deserialize)]
pub(in crate::cli) struct TokenRow {
    id: String,
    user: String,
    label: String,
    scopes: Vec<String>,
    since: String,
}

impl std::fmt::Display for TokenRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let TokenRow { id, user, label, scopes, since } = self;
        writeln!(f, "{id}\t{user}\t{}\t{label}\tsince {since}", scopes.join(" "))
    }
}

/// `POST /token/create`
pub(in crate::cli) async fn create(
    State(desk): State<Desk>,
    Json(asked): Json<CreateToken>,
) -> ApiResult<Json<MadeToken>> {
    let email = Email::parse(&asked.user).map_err(Refusal::from)?;
    let label = Line::parse(&asked.label).map_err(|fault| unusable("label", fault.to_string()))?;
    let scopes = asked.scopes.iter().map(|name| {
        let known = TokenScope::parse(name);
        known.ok_or_else(|| unusable("scope", format!("{name:?} is no scope: read, own, till, desk, operate")))
    });
    let scopes: Vec<TokenScope> = scopes.collect::<Result<_, Problem>>()?;
    let secret = Secret::named()?;
    let hash = secret.hash();
    let create = move |tx: &mut Tx<'_>| accounts::create_token(tx, &email, &label, &scopes, &hash);
    let id = desk.site.store.write(create).await.outcome?;
    Ok(Json(MadeToken { id: id.to_string(), token: secret.as_str().to_owned() }))
}

/// `POST /token/list`
pub(in crate::cli) async fn list(State(desk): State<Desk>) -> ApiResult<Json<TokenList>> {
    let mut items = Vec::new();
    for (id, session, person) in accounts::tokens(&desk.site.store.snapshot()?)? {
        let SessionKind::Token { label, scopes } = &session.kind else { continue };
        items.push(TokenRow {
            id: id.to_string(),
            user: person.email().map(Email::as_str).unwrap_or_default().to_owned(),
            label: label.to_string(),
            scopes: scopes.iter().map(|scope| scope.name().to_owned()).collect(),
            since: session.since.to_string(),
        });
    }
    Ok(Json(TokenList { items }))
}

/// `POST /token/revoke`
pub(in crate::cli) async fn revoke(
    State(desk): State<Desk>,
    Json(asked): Json<RevokeToken>,
) -> ApiResult<Json<serde_json::Value>> {
    let id = asked.id.parse().map_err(|_| Refusal::UnknownToken)?;
    desk.site.store.write(move |tx| accounts::revoke_token(tx, id)).await.outcome?;
    Ok(Json(serde_json::json!({})))
}

fn unusable(field: &str, message: String) -> Problem {
    Problem::invalid(field, message.clone()).detail(message)
}
