//! The current place of a traversal of a module.

/// Container type that burn reports for state attached to a parameter.
const REPARAMETERIZATION: &str = "Reparameterization";

/// Container type of a convolution whose weight has its inputs first, `[channels, d_output, k_h, k_w]`, and so is no
/// matrix of outputs by inputs.
const TRANSPOSED_CONVOLUTION: &str = "Struct:ConvTranspose2d";

/// The current place of a traversal.
#[derive(Debug, Default)]
pub(crate) struct Place {
    components: Vec<String>,
    containers: Vec<String>,
    /// Depth at which attached state begins.
    attached_at: Option<usize>,
}

impl Place {
    pub(crate) fn enter(&mut self, name: &str, container_type: &str) {
        if container_type == REPARAMETERIZATION && self.attached_at.is_none() {
            self.attached_at = Some(self.components.len());
        }
        self.components.push(name.to_owned());
        self.containers.push(container_type.to_owned());
    }

    pub(crate) fn exit(&mut self) {
        self.components.pop();
        self.containers.pop();
        if self.attached_at == Some(self.components.len()) {
            self.attached_at = None;
        }
    }

    pub(crate) fn path(&self) -> String {
        self.components.join(".")
    }

    /// Whether the traversal is inside state attached to a parameter.
    pub(crate) fn is_attached(&self) -> bool {
        self.attached_at.is_some()
    }

    /// The parameter that carries the attached state, with the state's name.
    pub(crate) fn attachment(&self) -> Option<(String, &str)> {
        let depth = self.attached_at?;
        Some((self.components[..depth].join("."), &self.components[depth]))
    }

    /// Whether the float parameter of this rank at this place is a weight matrix of the module itself.
    pub(crate) fn holds_weight(&self, rank: usize) -> bool {
        let is_transposed = self
            .containers
            .last()
            .is_some_and(|container| container == TRANSPOSED_CONVOLUTION);
        matches!(rank, 2 | 4) && !self.is_attached() && !is_transposed
    }
}
