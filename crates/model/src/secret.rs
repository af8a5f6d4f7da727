/// A value that cannot be printed, logged or serialised: it has no `Debug`, `Display` or
/// `Serialize`. Comparison takes the same time wherever the values differ.
#[derive(Clone)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Takes the value in.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the one call that needs it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: AsRef<[u8]>> Secret<T> {
    /// Whether `other` holds the same bytes; only the length can be learnt from the time taken.
    pub fn matches(&self, other: &[u8]) -> bool {
        let own = self.0.as_ref();
        let differs = own
            .iter()
            .zip(other)
            .fold(0_u8, |acc, (a, b)| acc | (a ^ b));
        own.len() == other.len() && std::hint::black_box(differs) == 0
    }
}
