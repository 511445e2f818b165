//! Sets of segments for a task, so that nobody types names and codes three hundred times a day.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::domain::coding::CodedConcept;

#[derive(Clone, Debug, Deserialize)]
pub struct Template {
    pub name: String,
    pub segments: Vec<TemplateSegment>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct TemplateSegment {
    pub name: String,
    /// SNOMED CT.
    code: String,
    pub color: [u8; 3],
}

impl TemplateSegment {
    pub fn code(&self) -> CodedConcept {
        CodedConcept::new("SCT", &self.code, &self.name)
    }
}

#[derive(Deserialize)]
struct File {
    template: Vec<Template>,
}

/// Those that come with the program.
pub fn templates() -> &'static [Template] {
    static TEMPLATES: LazyLock<Vec<Template>> = LazyLock::new(|| {
        let text = include_str!("../../../assets/segment_templates.toml");
        match toml::from_str::<File>(text) {
            Ok(file) => file.template,
            Err(error) => {
                log::error!("the segment templates are not readable: {error}");
                Vec::new()
            }
        }
    });
    &TEMPLATES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_that_come_along_are_read() {
        assert!(templates().len() >= 4);
        assert!(templates().iter().all(|template| !template.segments.is_empty()));
        assert_eq!(templates()[0].segments[2].code().value, "80891009");
    }
}
