//! What a provider offers right now, by its own word. Never on the way of a turn.

use std::sync::Arc;

use alipes_base::Deadline;
use alipes_transport::{AuxiliaryFault, Credential, Endpoint, Transport};
use alipes_wire::ListedModel;

use crate::Provider;
use crate::catalog::reach::Reached;

/// A provider's list of models, still to be asked for.
pub struct Listing {
    transport: Transport,
    provider: Provider,
    endpoint: Arc<Endpoint>,
    credential: Arc<dyn Credential>,
    /// Where the list is, beneath the base URL.
    path: String,
}

impl Listing {
    pub(crate) fn new(transport: &Transport, reached: Reached, provider: Provider) -> Self {
        let Reached {
            endpoint,
            credential,
        } = reached;
        let path = provider.models_path.clone();
        Self {
            transport: transport.clone(),
            path: path.unwrap_or_else(|| endpoint.profile().models_path.clone()),
            provider,
            endpoint,
            credential,
        }
    }

    /// The provider's name.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.endpoint.name()
    }

    /// Asks for it.
    ///
    /// # Errors
    /// [`AuxiliaryFault`], which says nothing about turns.
    pub async fn ask(&self, deadline: Deadline) -> Result<Vec<ListedModel>, AuxiliaryFault> {
        let asked =
            self.transport
                .auxiliary(&self.endpoint, &self.credential, &self.path, deadline);
        let answer = asked.await?;
        let models = self.provider.listed(&answer.body);
        models.ok_or_else(|| answer.malformed("it is no list of models"))
    }
}
