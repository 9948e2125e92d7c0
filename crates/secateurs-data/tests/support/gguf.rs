//! A GGUF writer.

/// A metadata value with its type number.
pub struct Meta(u32, Vec<u8>);

pub fn u32(value: u32) -> Meta {
    Meta(4, value.to_le_bytes().to_vec())
}

impl Meta {
    pub fn i32(value: i32) -> Self {
        Self(5, value.to_le_bytes().to_vec())
    }
}

pub fn f32(value: f32) -> Meta {
    Meta(6, value.to_le_bytes().to_vec())
}

pub fn boolean(value: bool) -> Meta {
    Meta(7, vec![value.into()])
}

pub fn text(value: &str) -> Meta {
    Meta(8, string(value))
}

pub fn texts(values: &[&str]) -> Meta {
    array(8, values.len(), values.iter().flat_map(|value| string(value)).collect())
}

pub fn i32s(values: &[i32]) -> Meta {
    array(
        5,
        values.len(),
        values.iter().flat_map(|value| value.to_le_bytes()).collect(),
    )
}

pub fn f32s(values: &[f32]) -> Meta {
    array(6, values.len(), super::f32_bytes(values))
}

pub fn array(kind: u32, count: usize, items: Vec<u8>) -> Meta {
    Meta(
        9,
        [&kind.to_le_bytes()[..], &(count as u64).to_le_bytes(), &items].concat(),
    )
}

fn string(value: &str) -> Vec<u8> {
    [&(value.len() as u64).to_le_bytes(), value.as_bytes()].concat()
}

pub struct Tensor {
    pub name: String,
    /// As in the file: fastest-varying dimension first.
    pub dims: Vec<u64>,
    pub kind: u32,
    pub data: Vec<u8>,
    /// Position, if not the next free one.
    pub offset: Option<u64>,
}

pub struct Builder {
    pub version: u32,
    pub alignment: usize,
    pub metadata: Vec<(String, Meta)>,
    pub tensors: Vec<Tensor>,
}

impl Builder {
    pub fn empty() -> Self {
        Self {
            version: 3,
            alignment: 32,
            metadata: Vec::new(),
            tensors: Vec::new(),
        }
    }

    /// A Llama model without tensors: 2 query heads and 1 key head of size 4.
    pub fn llama() -> Self {
        let metadata = [
            ("general.architecture", text("llama")),
            ("llama.embedding_length", u32(8)),
            ("llama.block_count", u32(1)),
            ("llama.feed_forward_length", u32(12)),
            ("llama.context_length", u32(64)),
            ("llama.attention.head_count", u32(2)),
            ("llama.attention.head_count_kv", u32(1)),
            ("llama.attention.layer_norm_rms_epsilon", f32(1e-5)),
            ("llama.rope.freq_base", f32(100_000.0)),
        ];
        let metadata = metadata
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        Self {
            metadata,
            ..Self::empty()
        }
    }

    /// [`llama`](Self::llama) with an embedding of 5 tokens.
    pub fn llama_with_embedding() -> Self {
        Self::llama().f32("token_embd.weight", &[8, 5], &super::noise(40))
    }

    pub fn set(mut self, key: &str, value: Meta) -> Self {
        self.metadata.retain(|(known, _)| known != key);
        self.metadata.push((key.to_owned(), value));
        self
    }

    pub fn unset(mut self, key: &str) -> Self {
        self.metadata.retain(|(known, _)| known != key);
        self
    }

    pub fn f32(self, name: &str, dims: &[u64], values: &[f32]) -> Self {
        self.tensor(name, dims, 0, super::f32_bytes(values))
    }

    pub fn tensor(mut self, name: &str, dims: &[u64], kind: u32, data: Vec<u8>) -> Self {
        self.tensors.push(Tensor {
            name: name.to_owned(),
            dims: dims.to_vec(),
            kind,
            data,
            offset: None,
        });
        self
    }

    pub fn at(mut self, offset: u64) -> Self {
        self.tensors.last_mut().expect("a tensor").offset = Some(offset);
        self
    }

    pub fn build(&self) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(self.version.to_le_bytes());
        file.extend((self.tensors.len() as u64).to_le_bytes());
        file.extend((self.metadata.len() as u64).to_le_bytes());
        for (key, Meta(kind, bytes)) in &self.metadata {
            file.extend(string(key));
            file.extend(kind.to_le_bytes());
            file.extend(bytes);
        }
        let mut data = Vec::new();
        for tensor in &self.tensors {
            file.extend(string(&tensor.name));
            file.extend((tensor.dims.len() as u32).to_le_bytes());
            file.extend(tensor.dims.iter().flat_map(|dim| dim.to_le_bytes()));
            file.extend(tensor.kind.to_le_bytes());
            file.extend(tensor.offset.unwrap_or(data.len() as u64).to_le_bytes());
            data.extend(&tensor.data);
            data.resize(data.len().next_multiple_of(self.alignment), 0);
        }
        file.resize(file.len().next_multiple_of(self.alignment), 0);
        file.extend(data);
        file
    }
}
