//! The company's identity provider, as we speak with it: what it says of itself, which is kept
//! for a while, and the exchange of a code for an identity token.
//!
//! Every request has a time limit and every answer a largest size. What goes wrong is told in
//! the log without what was sent.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod,
    CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AsyncHttpClient, AuthType, AuthenticationContextClass, AuthorizationCode, Client, ClientId,
    ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, IdTokenFields, IssuerUrl, LogoutRequest, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl,
    RequestTokenError, Scope, StandardErrorResponse, StandardTokenResponse, TokenResponse,
};
use receivables::calendar::Micros;
use thiserror::Error;
use tokio::sync::Mutex;

use super::settings::StaffSignInSettings;
use super::verify::{IdentityToken, OtherClaims};
use crate::http_client::{client_for, is_this_machine};

/// One request to the provider.
const PATIENCE: Duration = Duration::from_secs(5);
const LARGEST_ANSWER: usize = 512 * 1024;
const MINUTE: i64 = 60_000_000;
/// How long what the provider says of itself, its keys too, is taken as it was.
const KEPT: i64 = 60 * MINUTE;
/// A provider that just failed is not asked again by everyone who waits.
const LEFT_ALONE: i64 = 5_000_000;

pub type Metadata = ProviderMetadataWithLogout;

type Fields = IdTokenFields<
    OtherClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

type StaffClient = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

#[derive(Debug, Error)]
pub enum ProviderSetUpProblem {
    #[error("staff_sign_in: {0}")]
    Address(String),
}

#[derive(Debug, Error)]
pub enum ProviderProblem {
    /// Nothing was decided: the same may work soon.
    #[error("the identity provider does not answer as it should: {0}")]
    Down(String),
    /// The code is not, or no longer, one that it gave us for this sign-in.
    #[error("the identity provider does not know the code")]
    CodeRefused,
    /// An answer, and none that can be believed.
    #[error("what the identity provider gave for the code cannot be read")]
    Unreadable,
}

/// What is asked of the provider in the member's browser.
pub struct Asking<'a> {
    pub state: &'a str,
    pub nonce: &'a str,
    pub pkce_verifier: &'a str,
}

pub struct IdentityProvider {
    issuer: IssuerUrl,
    client_id: ClientId,
    client_secret: Option<ClientSecret>,
    return_to: RedirectUrl,
    after_sign_out: PostLogoutRedirectUrl,
    scopes: Vec<Scope>,
    acr: Option<AuthenticationContextClass>,
    http: Http,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    metadata: Option<(Arc<Metadata>, Micros)>,
    failed_at: Option<Micros>,
}

impl IdentityProvider {
    /// None where no issuer is configured.
    pub fn of(
        settings: &StaffSignInSettings,
        public_url: &str,
    ) -> Result<Option<Self>, ProviderSetUpProblem> {
        if settings.issuer.is_empty() {
            return Ok(None);
        }
        let wrong =
            |error: &dyn std::fmt::Display| ProviderSetUpProblem::Address(error.to_string());
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|error| wrong(&error))?;
        let http = client_for(issuer.url()).map_err(|error| wrong(&error))?.timeout(PATIENCE);
        let url = |path| format!("{public_url}{path}");
        let secret = settings.client_secret.reveal();
        let acr = Some(settings.mfa_acr.clone()).filter(|acr| !acr.is_empty());
        Ok(Some(Self {
            client_id: ClientId::new(settings.client_id.clone()),
            client_secret: (!secret.is_empty()).then(|| ClientSecret::new(secret.to_owned())),
            return_to: RedirectUrl::new(url(super::RETURN)).map_err(|error| wrong(&error))?,
            after_sign_out: PostLogoutRedirectUrl::new(url(super::HOME))
                .map_err(|error| wrong(&error))?,
            scopes: settings.scopes.split_whitespace().map(|s| Scope::new(s.into())).collect(),
            acr: acr.map(AuthenticationContextClass::new),
            http: Http(http.build().map_err(|error| wrong(&error))?),
            known: Mutex::default(),
            issuer,
        }))
    }

    pub const fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// What the provider says of itself, with its keys.
    pub async fn metadata(&self, now: Micros) -> Result<Arc<Metadata>, ProviderProblem> {
        self.metadata_learned_after(Micros(now.0.saturating_sub(KEPT)), now).await
    }

    /// As [`Self::metadata`], for a key that is not among the known ones: asked anew, at most
    /// once a minute.
    pub async fn fresh_metadata(&self, now: Micros) -> Result<Arc<Metadata>, ProviderProblem> {
        self.metadata_learned_after(Micros(now.0.saturating_sub(MINUTE)), now).await
    }

    async fn metadata_learned_after(
        &self,
        since: Micros,
        now: Micros,
    ) -> Result<Arc<Metadata>, ProviderProblem> {
        // Held while asking, so that many who come at once ask once.
        let mut known = self.known.lock().await;
        if let Some((metadata, at)) = &known.metadata
            && *at > since
        {
            return Ok(metadata.clone());
        }
        if known.failed_at.is_some_and(|at| now.0.saturating_sub(at.0) < LEFT_ALONE) {
            return Err(ProviderProblem::Down("it failed a moment ago".to_owned()));
        }
        match Metadata::discover_async(self.issuer.clone(), &self.http).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *known = Known { metadata: Some((metadata.clone(), now)), failed_at: None };
                Ok(metadata)
            }
            Err(error) => {
                known.failed_at = Some(now);
                Err(ProviderProblem::Down(error.to_string()))
            }
        }
    }

    /// Where the member's browser is sent to sign in.
    pub fn sign_in_address(&self, metadata: &Metadata, asking: &Asking<'_>) -> String {
        let verifier = PkceCodeVerifier::new(asking.pkce_verifier.to_owned());
        let (state, nonce) = (asking.state.to_owned(), asking.nonce.to_owned());
        let client = self.client(metadata);
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || CsrfToken::new(state),
                || Nonce::new(nonce),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_scopes(self.scopes.iter().cloned());
        if let Some(acr) = &self.acr {
            request = request.add_auth_context_value(acr.clone());
        }
        request.url().0.into()
    }

    /// Where the member ends the session with the provider too, if it has such a place.
    pub fn sign_out_address(&self, metadata: &Metadata) -> Option<String> {
        let end = metadata.additional_metadata().end_session_endpoint.clone()?;
        let request = LogoutRequest::from(end)
            .set_client_id(self.client_id.clone())
            .set_post_logout_redirect_uri(self.after_sign_out.clone());
        Some(request.http_get_url().into())
    }

    /// The identity token that the provider gives for a code.
    pub async fn exchange(
        &self,
        metadata: &Metadata,
        code: String,
        pkce_verifier: String,
    ) -> Result<IdentityToken, ProviderProblem> {
        let down = |why: &str| ProviderProblem::Down(why.to_owned());
        let answer = self
            .client(metadata)
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| down("it names no address for codes"))?
            .set_pkce_verifier(PkceCodeVerifier::new(pkce_verifier))
            .request_async(&self.http)
            .await;
        let token = answer.map_err(|error| match error {
            RequestTokenError::ServerResponse(refused)
                if *refused.error() == CoreErrorResponseType::InvalidGrant =>
            {
                ProviderProblem::CodeRefused
            }
            RequestTokenError::ServerResponse(refused) => {
                let code = refused.error().as_ref();
                ProviderProblem::Down(format!("it refuses us as a client: {code}"))
            }
            RequestTokenError::Request(problem) => problem,
            RequestTokenError::Parse(..) => ProviderProblem::Unreadable,
            RequestTokenError::Other(why) => ProviderProblem::Down(why),
        })?;
        token.id_token().cloned().ok_or_else(|| down("it gave no identity token"))
    }

    fn client(&self, metadata: &Metadata) -> StaffClient {
        let (id, secret) = (self.client_id.clone(), self.client_secret.clone());
        let client = StaffClient::from_provider_metadata(metadata.clone(), id, secret);
        let methods = metadata.token_endpoint_auth_methods_supported();
        let only_in_body = methods.is_some_and(|methods| {
            methods.contains(&CoreClientAuthMethod::ClientSecretPost)
                && !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
        });
        let how = if only_in_body { AuthType::RequestBody } else { AuthType::BasicAuth };
        client.set_redirect_uri(self.return_to.clone()).set_auth_type(how)
    }
}

/// How the library asks: by our own client.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = ProviderProblem;
    type Future = BoxFuture<'c, Result<HttpResponse, ProviderProblem>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

impl Http {
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, ProviderProblem> {
        let down = |error: reqwest::Error| ProviderProblem::Down(error.without_url().to_string());
        let request = reqwest::Request::try_from(request).map_err(down)?;
        // The provider names its other addresses itself.
        if request.url().scheme() != "https" && !is_this_machine(request.url()) {
            return Err(ProviderProblem::Down("it names an address without TLS".to_owned()));
        }
        let mut answer = self.0.execute(request).await.map_err(down)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(down)? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(ProviderProblem::Down("its answer is too large".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        if answer.status().is_server_error() {
            return Err(ProviderProblem::Down(format!("it answered {}", answer.status())));
        }
        let mut response = HttpResponse::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        Ok(response)
    }
}
