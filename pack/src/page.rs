//! Stub
pub(crate) fn write(_: &crate::view::Document) -> Result<Vec<u8>, crate::PackError> {
    Ok(vec![])
}
