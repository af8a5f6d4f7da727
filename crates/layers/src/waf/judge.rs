use std::net::SocketAddr;
use std::sync::Arc;

use babyshield_model::{Finding, Layer, Mode, Verdict};
use babyshield_waf::{Action, Connection, Decision, Interruption, Plan, Transaction};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::exchange::MAX_FINDINGS;
use crate::{Exchange, Refusal};

/// One transaction of the rules, tied to the exchange its findings go to. Each step says what
/// has to be answered instead of going on: never anything in `watch` mode, where every phase runs
/// to its end, so that the event shows all that is to be found.
#[derive(Debug)]
pub struct Judge {
    /// `None` once the rules have nothing more to say.
    transaction: Option<Transaction>,
    exchange: Exchange,
    stance: Stance,
}

/// What becomes of a rule's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stance {
    /// It is carried out at once.
    Enforce,
    /// It is the event's verdict in the end: no layer in front had decided.
    Report,
    /// It changes nothing any more; the findings are what is wanted.
    Explain,
}

impl Judge {
    /// Begins a transaction for the exchange's request.
    #[must_use]
    pub fn begin(rules: &Arc<Plan>, exchange: Exchange) -> Self {
        let stance = if exchange.mode() == Mode::Enforce {
            Stance::Enforce
        } else if exchange.is_decided() {
            Stance::Explain
        } else {
            Stance::Report
        };
        Self::with_stance(rules, exchange, stance)
    }

    /// Begins a transaction for a request that is refused already: only its findings count.
    pub(crate) fn explain(rules: &Arc<Plan>, exchange: Exchange) -> Self {
        Self::with_stance(rules, exchange, Stance::Explain)
    }

    fn with_stance(rules: &Arc<Plan>, exchange: Exchange, stance: Stance) -> Self {
        let ends = exchange.connection();
        let port = if exchange.client() == ends.peer.ip() {
            ends.peer.port()
        } else {
            0
        };
        let mut transaction = rules.begin(Connection {
            client: SocketAddr::new(exchange.client(), port),
            server: ends.local,
        });
        transaction.unique_id(&exchange.id().text());
        if stance != Stance::Enforce {
            transaction.watch();
        }
        Self {
            transaction: Some(transaction),
            exchange,
            stance,
        }
    }

    /// Shows the request's head, exactly as received.
    pub fn head(&mut self) -> Option<Refusal> {
        self.step(|transaction, exchange| {
            let head = exchange.head();
            transaction.request_line(head.method(), head.target(), head.version());
            for (name, value) in head.fields() {
                transaction.request_header(name, value);
            }
            transaction.request_head_end()
        })
    }

    /// Whether the rules look at this request's body at all.
    #[must_use]
    pub fn wants_body(&self) -> bool {
        let transaction = self.transaction.as_ref();
        transaction.is_some_and(Transaction::wants_request_body)
    }

    /// Shows a piece of the request's body.
    pub fn chunk(&mut self, chunk: &[u8]) -> Option<Refusal> {
        self.step(|transaction, _| transaction.request_body(chunk))
    }

    /// The request is complete.
    pub fn end(&mut self) -> Option<Refusal> {
        self.step(|transaction, _| transaction.request_end())
    }

    /// Shows the response's head.
    pub fn response(&mut self, status: StatusCode, fields: &HeaderMap) -> Option<Refusal> {
        self.step(|transaction, exchange| {
            transaction.response_line(status.as_u16(), exchange.head().version());
            for (name, value) in fields {
                transaction.response_header(name.as_str().as_bytes(), value.as_bytes());
            }
            transaction.response_head_end()
        })
    }

    /// Whether the rules look at this response's body.
    #[must_use]
    pub fn wants_response_body(&self) -> bool {
        let transaction = self.transaction.as_ref();
        transaction.is_some_and(Transaction::wants_response_body)
    }

    /// Shows the response's body, as far as it was read, and ends it.
    pub fn response_body(&mut self, body: &[u8]) -> Option<Refusal> {
        self.step(|transaction, _| {
            transaction.response_body(body);
            transaction.response_end()
        })
    }

    fn step(
        &mut self,
        step: impl FnOnce(&mut Transaction, &Exchange) -> Decision,
    ) -> Option<Refusal> {
        let transaction = self.transaction.as_mut()?;
        let exchange = &self.exchange;
        match exchange.spend(|| step(transaction, exchange)) {
            Decision::Continue => None,
            Decision::Interrupt(interruption) => {
                let refusal = refusal(&interruption);
                let carried_out = exchange.refuse(&refusal);
                self.finish();
                carried_out.then_some(refusal)
            }
        }
    }

    fn finish(&mut self) {
        let Some(transaction) = self.transaction.take() else {
            return;
        };
        let outcome = self.exchange.spend(|| transaction.finish());
        if let (Some(interruption), Stance::Report) = (&outcome.interruption, self.stance) {
            self.exchange.report(&refusal(interruption));
        }
        self.exchange.score(outcome.score, outcome.threshold);
        // However much was found, what could not be judged is told.
        let room = MAX_FINDINGS.saturating_sub(outcome.faults.len());
        let faults = outcome.faults.into_iter().map(unjudged);
        for finding in outcome.findings.into_iter().take(room).chain(faults) {
            self.exchange.find(finding);
        }
    }
}

/// Something the rules could not judge, as a reason of its own.
fn unjudged(message: String) -> Finding {
    Finding {
        rule: "waf".to_owned(),
        message,
        class: "waf".to_owned(),
        severity: "error".to_owned(),
        field: String::new(),
        value: String::new(),
        matched: String::new(),
        data: String::new(),
        tags: Vec::new(),
        source: String::new(),
    }
}

/// Whatever way a request ends, the rules' last phase runs and their findings are kept.
impl Drop for Judge {
    fn drop(&mut self) {
        self.finish();
    }
}

fn refusal(interruption: &Interruption) -> Refusal {
    let status = StatusCode::from_u16(interruption.status).unwrap_or(StatusCode::FORBIDDEN);
    let blocked = Refusal::forbidden(Layer::Waf);
    match &interruption.action {
        Action::Deny if status == StatusCode::PAYLOAD_TOO_LARGE => Refusal {
            hard: true,
            close: true,
            ..Refusal::new(
                Verdict::Block,
                Layer::Size,
                status,
                "The request body is longer than can be inspected.",
            )
        },
        Action::Deny => Refusal { status, ..blocked },
        Action::Drop => Refusal {
            close: true,
            ..blocked
        },
        Action::Redirect(target) => match HeaderValue::from_str(target) {
            Ok(target) => Refusal {
                status: if status.is_redirection() {
                    status
                } else {
                    StatusCode::FOUND
                },
                ..blocked
            }
            .field(header::LOCATION, target),
            Err(_) => blocked,
        },
    }
}
