//! `highstreet user`: people of the city, as the operator sees them. A password never stands in the arguments, where
//! other users of the machine could read it: it comes by standard input, or is made and printed once.

use std::io::BufRead;

use axum::Json;
use axum::extract::State;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

use crate::accounts::{
    self, DisplayName, Email, Grant, NewAccount, Password, PasswordHash, Person, PersonId, Refusal, Role, StaffRole,
    Token,
};
use crate::api::{ApiResult, Problem};
use crate::base::Timestamp;
use crate::cli::admin::{Desk, Operator};
use crate::cli::config::Config;
use crate::cli::{Exit, Failure, print};
use crate::store::Expect;

/// Longest line that is read as a password.
const MAX_LINE_BYTES: u64 = 4096;
/// Characters of a password that is made: 80 bits.
const MADE_CHARACTERS: usize = 20;
/// People in one answer; a longer list takes several.
const PEOPLE_AT_ONCE: usize = 500;

#[derive(Debug, Args)]
pub struct User {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a person
    Add {
        email: String,
        /// The name that others see [default: what stands before the @]
        #[arg(long)]
        name: Option<String>,
        /// moderator, operator, or till, manager or owner of a merchant: owner@MERCHANT, till@MERCHANT/PLACE,PLACE
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        /// Read the password from standard input instead of making one
        #[arg(long)]
        password_stdin: bool,
    },
    /// List everybody who has an account
    List,
    /// Set all roles of a person; none takes them away
    Role {
        email: String,
        /// As for `add`
        roles: Vec<String>,
    },
    /// Give a person another password, and end their sessions
    ResetPassword {
        email: String,
        /// Read the password from standard input instead of making one
        #[arg(long)]
        password_stdin: bool,
    },
}

impl User {
    pub fn run(self, config: Config) -> Result<Exit, Failure> {
        let operator = || Operator::reach(&config, Expect::Any);
        match self.command {
            UserCommand::Add { email, name, roles, password_stdin } => {
                let (email, given) = (parse_email(&email)?, password_stdin);
                let name = name.unwrap_or_else(|| email.as_str().split('@').next().unwrap_or_default().to_owned());
                let (hash, made) = password(&email, given)?;
                let added = AddUser { email: email.as_str().to_owned(), name, roles, hash };
                let user: UserRow = operator()?.ask("/user/add", &added)?;
                Ok(print(&told(&config, &user, made)))
            }
            UserCommand::List => list(&config, &operator()?),
            UserCommand::Role { email, roles } => {
                let user: UserRow = operator()?.ask("/user/role", &SetRoles { email, roles })?;
                Ok(print(&told(&config, &user, None)))
            }
            UserCommand::ResetPassword { email, password_stdin } => {
                let email = parse_email(&email)?;
                let (hash, made) = password(&email, password_stdin)?;
                let reset = ResetPassword { email: email.as_str().to_owned(), hash };
                let user: UserRow = operator()?.ask("/user/reset-password", &reset)?;
                Ok(print(&told(&config, &user, made)))
            }
        }
    }
}

/// The password's hash, and the password itself if it was made here.
fn password(email: &Email, is_given: bool) -> Result<(String, Option<String>), Failure> {
    let (text, made) = if is_given {
        (first_line(&mut std::io::stdin().lock())?, None)
    } else {
        let made: String = Token::new()?.as_str().chars().take(MADE_CHARACTERS).collect();
        (made.clone(), Some(made))
    };
    let password = Password::chosen(text, email).map_err(|fault| Failure::usage(fault.to_string()))?;
    Ok((accounts::hash_now(&password)?.as_phc().to_owned(), made))
}

fn first_line(input: &mut dyn BufRead) -> Result<String, Failure> {
    let mut line = String::new();
    let read = std::io::Read::take(input, MAX_LINE_BYTES).read_line(&mut line);
    read.map_err(|error| Failure::io(format!("standard input: {error}")))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn parse_email(text: &str) -> Result<Email, Failure> {
    Email::parse(text).map_err(|fault| Failure::usage(format!("{text}: {fault}")))
}

fn told(config: &Config, user: &UserRow, password: Option<String>) -> String {
    if config.json {
        return format!("{}\n", serde_json::json!({ "user": user, "password": password }));
    }
    match password {
        Some(password) => format!("{user}password (shown once): {password}\n"),
        None => user.to_string(),
    }
}

fn list(config: &Config, operator: &Operator) -> Result<Exit, Failure> {
    let mut after = None;
    let mut everybody: Vec<UserRow> = Vec::new();
    loop {
        let page: UserPage = operator.ask("/user/list", &ListUsers { after })?;
        everybody.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if config.json {
        return Ok(print(&format!("{}\n", serde_json::json!({ "items": everybody }))));
    }
    Ok(print(&everybody.iter().map(UserRow::to_string).collect::<String>()))
}

#[derive(Serialize, Deserialize)]
pub(in crate::cli) struct AddUser {
    email: String,
    name: String,
    roles: Vec<String>,
    /// PHC string: the password itself goes nowhere.
    hash: String,
}

#[derive(Serialize, Deserialize)]
pub(in crate::cli) struct SetRoles {
    email: String,
    roles: Vec<String>,
}

#[derive(Serialize, Deserialize)]
pub(in crate::cli) struct ResetPassword {
    email: String,
    hash: String,
}

#[derive(Serialize, Deserialize)]
pub(in crate::cli) struct ListUsers {
    after: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(in crate::cli) struct UserPage {
    items: Vec<UserRow>,
    next: Option<String>,
}

/// A person as the operator sees them; one line.
#[derive(Serialize, Deserialize)]
pub(in crate::cli) struct UserRow {
    email: String,
    name: String,
    /// As `--role` takes them.
    roles: Vec<String>,
    since: String,
}

impl UserRow {
    fn of(person: &Person) -> UserRow {
        UserRow {
            email: person.email().map(Email::as_str).unwrap_or_default().to_owned(),
            name: person.name.as_ref().map(ToString::to_string).unwrap_or_default(),
            roles: person.grants.iter().map(spelled).collect(),
            since: Timestamp::to_string(&person.since),
        }
    }
}

impl std::fmt::Display for UserRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let roles = if self.roles.is_empty() { "resident".to_owned() } else { self.roles.join(" ") };
        writeln!(f, "{}\t{}\t{roles}\tsince {}", self.email, self.name, self.since)
    }
}

/// `POST /user/add`
pub(in crate::cli) async fn add(State(desk): State<Desk>, Json(asked): Json<AddUser>) -> ApiResult<Json<UserRow>> {
    let account = NewAccount {
        name: DisplayName::parse(&asked.name).map_err(Refusal::InvalidName)?,
        email: Email::parse(&asked.email).map_err(Refusal::from)?,
        password: PasswordHash::from_phc(asked.hash),
    };
    let grants = grants(&asked.roles)?;
    let id = desk.site.store.write(move |tx| accounts::add_user(tx, &account, &grants)).await.outcome?;
    row(&desk, id)
}

/// `POST /user/role`
pub(in crate::cli) async fn role(State(desk): State<Desk>, Json(asked): Json<SetRoles>) -> ApiResult<Json<UserRow>> {
    let (email, grants) = (Email::parse(&asked.email).map_err(Refusal::from)?, grants(&asked.roles)?);
    let id = desk.site.store.write(move |tx| accounts::set_roles(tx, &email, &grants)).await.outcome?;
    row(&desk, id)
}

/// `POST /user/reset-password`
pub(in crate::cli) async fn reset_password(
    State(desk): State<Desk>,
    Json(asked): Json<ResetPassword>,
) -> ApiResult<Json<UserRow>> {
    let (email, hash) = (Email::parse(&asked.email).map_err(Refusal::from)?, PasswordHash::from_phc(asked.hash));
    let id = desk.site.store.write(move |tx| accounts::reset_password(tx, &email, &hash)).await.outcome?;
    row(&desk, id)
}

/// `POST /user/list`
pub(in crate::cli) async fn list_some(
    State(desk): State<Desk>,
    Json(asked): Json<ListUsers>,
) -> ApiResult<Json<UserPage>> {
    let after = asked.after.and_then(|id| id.parse().ok());
    let people = accounts::users(&desk.site.store.snapshot()?, after, PEOPLE_AT_ONCE)?;
    let next = people.last().filter(|_| people.len() == PEOPLE_AT_ONCE).map(|(id, _)| id.to_string());
    Ok(Json(UserPage { items: people.iter().map(|(_, person)| UserRow::of(person)).collect(), next }))
}

fn row(desk: &Desk, id: PersonId) -> ApiResult<Json<UserRow>> {
    let person = desk.site.store.snapshot()?.get(&accounts::PERSONS, &id)?.ok_or(Refusal::UnknownPerson)?;
    Ok(Json(UserRow::of(&person)))
}

fn grants(spelled: &[String]) -> Result<Vec<Grant>, Problem> {
    spelled
        .iter()
        .map(|text| grant(text).ok_or_else(|| Problem::invalid("roles", text.clone()).detail(unknown(text))))
        .collect()
}

fn unknown(text: &str) -> String {
    format!("{text:?} is no role: moderator, operator, owner@MERCHANT, manager@MERCHANT, till@MERCHANT/PLACE,PLACE")
}

/// Reads `operator`, `owner@MERCHANT`, `till@MERCHANT/PLACE,PLACE`.
fn grant(text: &str) -> Option<Grant> {
    let Some((role, at)) = text.split_once('@') else {
        return match Role::parse(text)? {
            Role::Moderator => Some(Grant::Moderator),
            Role::Operator => Some(Grant::Operator),
            Role::Anonymous | Role::Guest | Role::Resident | Role::Till | Role::Manager | Role::Owner => None,
        };
    };
    let role = [StaffRole::Till, StaffRole::Manager, StaffRole::Owner]
        .into_iter()
        .find(|known| Role::from(*known).name() == role)?;
    let (merchant, places) = at.split_once('/').unwrap_or((at, ""));
    let places = places.split(',').filter(|place| !place.is_empty()).map(|place| place.parse().ok());
    Some(Grant::Staff { role, merchant: merchant.parse().ok()?, places: places.collect::<Option<_>>()? })
}

/// As [`grant`] reads it.
fn spelled(grant: &Grant) -> String {
    match grant {
        Grant::Staff { role, merchant, places } => {
            let places: Vec<String> = places.iter().map(ToString::to_string).collect();
            let at = if places.is_empty() { String::new() } else { format!("/{}", places.join(",")) };
            format!("{}@{merchant}{at}", Role::from(*role).name())
        }
        Grant::Moderator => Role::Moderator.name().to_owned(),
        Grant::Operator => Role::Operator.name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Id;

    #[test]
    fn a_role_is_read_as_it_is_spelled() {
        let (merchant, place) = (Id::from_bytes([1; 16]), Id::from_bytes([2; 16]));
        for given in [
            Grant::Operator,
            Grant::Moderator,
            Grant::Staff { role: StaffRole::Owner, merchant, places: Vec::new() },
            Grant::Staff { role: StaffRole::Till, merchant, places: vec![place, Id::from_bytes([3; 16])] },
        ] {
            assert_eq!(grant(&spelled(&given)), Some(given));
        }
        for bad in ["", "king", "resident", "till", "owner@", "owner@x", "operator@x", &format!("till@{merchant}/x")] {
            assert_eq!(grant(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_password_is_the_first_line_of_standard_input() {
        let line = |mut text: &[u8]| first_line(&mut text).unwrap();
        assert_eq!(line(b"correct horse \r\nbattery"), "correct horse ");
        assert_eq!(line(b""), "");
        assert_eq!(line(&[b'x'; 10_000]).len(), 4096);
    }
}
