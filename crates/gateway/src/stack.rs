//! The request's way as one function.

use std::sync::Arc;

use babyshield_layers::limit::{ByBody, ByHead};
use babyshield_layers::{block, caller, headers, limit, protocol, record, size, waf};
use babyshield_model::{Clock, Sink};
use tower::Layer as _;

use crate::plan::Plan;
use crate::tunnel::Tunnels;
use crate::upstream::Forward;
use crate::{rescue, route};

/// Every layer around the upstream, from the outside in. A static type, so that a request passes
/// without a dispatch or an allocation between two of them.
pub(crate) type Stack = record::Record<rescue::Rescue<headers::Headers<route::Router<Judged>>>>;

/// The layers that may refuse.
type Judged = caller::Caller<protocol::Protocol<block::Block<limit::Limit<Read, ByHead>>>>;

/// The layers that look at the body.
type Read = size::Size<waf::Waf<limit::Limit<Forward, ByBody>>>;

/// Builds the way every request takes. Read from top to bottom.
pub(crate) fn build(
    plan: &Plan,
    sink: Arc<dyn Sink>,
    clock: Arc<dyn Clock>,
    tunnels: Tunnels,
) -> Stack {
    let layers = (
        // Opens the event, gives the request id, closes the event whatever happens.
        record::Layer::new(sink, clock),
        // Writes the text of every refusal and failure.
        rescue::Layer,
        // On the way back: security fields, cookie flags, fields that tell too much.
        headers::Layer::new(Arc::clone(&plan.headers)),
        // Chooses the route: its mode, limits, body length and upstream.
        route::Layer::new(Arc::clone(&plan.routes)),
        // Resolves the caller through trusted proxies only.
        caller::Layer::new(Arc::clone(&plan.caller)),
        // Refuses what the guard could not read in one way, with the rules' findings.
        protocol::Layer::new(Arc::clone(&plan.waf.rules)),
        // Refuses by address, agent and path.
        block::Layer::new(Arc::clone(&plan.block)),
        // Spends limits that count by the head.
        limit::Layer::by_head(Arc::clone(&plan.limit)),
        // Holds the body to the length the route allows.
        size::Layer,
        // Judges head and body by the rules, then the response.
        waf::Layer::new(Arc::clone(&plan.waf)),
        // Spends limits that count by a field of the body.
        limit::Layer::by_body(Arc::clone(&plan.limit)),
    );
    // Sends it to the upstream.
    layers.layer(Forward::new(plan.upgrades.clone(), tunnels))
}
