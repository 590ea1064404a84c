//! That the contracts hold the templates: every line of every template is deleted, and changed,
//! and each time some contract must notice.

use std::borrow::Cow;

use super::super::templates::{self, Template};
use super::super::{Rendered, context::Context, finish, parse};
use super::cases::{Input, inputs};
use super::{Case, all, describe};
use manifest::Object;

/// A case whose unchanged templates are evaluated once.
struct Prepared {
    input: Input,
    context: minijinja::Value,
    /// By template: its text and objects, `None` where the profile does not have it.
    parts: Vec<Option<(String, Vec<Object>)>>,
}

impl Prepared {
    fn new(input: Input, templates: &[Template]) -> Self {
        let Input { values, facts, profile, .. } = &input;
        let context =
            Context::new(values, facts, *profile, &input.options()).unwrap().into_variables();
        let env = templates::environment();
        let parts = templates
            .iter()
            .map(|t| {
                let job = input.migration_job && t.name == templates::JOB;
                ((t.when)(*profile) || job).then(|| {
                    let text = templates::evaluate(&env, t, &context).unwrap();
                    let objects = parse(t.name, &text).unwrap();
                    (text, objects)
                })
            })
            .collect();
        Self { input, context, parts }
    }

    /// Who notices that the template at `index` reads like this.
    fn notices(&self, index: usize, mutant: &Template) -> Option<String> {
        let (text, _) = self.parts[index].as_ref()?;
        let env = templates::environment();
        let mutated = match templates::evaluate(&env, mutant, &self.context) {
            Ok(mutated) if &mutated == text => return None,
            Ok(mutated) => mutated,
            Err(error) => return Some(describe(&error)),
        };
        let rendered = parse(mutant.name, &mutated).and_then(|mine| {
            let mut objects = mine;
            for (i, part) in self.parts.iter().enumerate() {
                if let (true, Some((_, others))) = (i != index, part) {
                    objects.extend(others.iter().cloned());
                }
            }
            let Input { values, facts, profile, .. } = &self.input;
            finish(objects, values, facts, *profile, &self.input.options())
        });
        match rendered {
            Ok(rendered) => self.broken(&rendered),
            Err(error) => Some(describe(&error)),
        }
    }

    fn broken(&self, rendered: &Rendered) -> Option<String> {
        let case = Case { input: &self.input, rendered };
        all().find(|c| (c.check)(&case).is_err()).map(|c| c.name.to_owned())
    }
}

/// The line deleted, and the line saying something else.
fn mutations(line: &str) -> Vec<Option<String>> {
    let text = line.trim();
    let indent = &line[..line.len() - line.trim_start().len()];
    let mut mutants = vec![None];
    if let Some(condition) = text.strip_prefix("{% if ") {
        let condition = condition.trim_end_matches(" %}");
        mutants.push(Some(format!("{{% if not ({condition}) %}}")));
    } else if let Some(head) = text.strip_suffix(':') {
        mutants.push(Some(format!("{indent}{head}X:")));
    } else if !text.starts_with("{%") && text != "---" {
        if let Some((head, value)) = text.rsplit_once(' ').filter(|_| !text.ends_with("}}")) {
            let changed = match value.parse::<u32>() {
                Ok(number) => (number + 1).to_string(),
                Err(_) if value.ends_with('"') => format!("{}X\"", value.trim_end_matches('"')),
                Err(_) if matches!(value, "true" | "false") => (value == "false").to_string(),
                Err(_) if value == "{}" => "{ x: y }".to_owned(),
                Err(_) => format!("{value}X"),
            };
            mutants.push(Some(format!("{indent}{head} {changed}")));
        } else if let Some((head, _)) = text.split_once("{{") {
            mutants.push(Some(format!("{indent}{head}changed")));
        }
    }
    mutants
}

/// The text with one line replaced or deleted.
fn mutate(source: &str, line: usize, mutant: Option<&str>) -> String {
    let mut text = String::with_capacity(source.len() + 8);
    for (i, original) in source.lines().enumerate() {
        let kept = if i == line { mutant } else { Some(original) };
        if let Some(kept) = kept {
            text.push_str(kept);
            text.push('\n');
        }
    }
    text
}

#[test]
fn no_line_of_any_template_can_change_unnoticed() {
    let templates = templates::embedded();
    let cases: Vec<_> = inputs().into_iter().map(|i| Prepared::new(i, &templates)).collect();
    for case in &cases {
        // Else whatever is broken anyway would "notice" every mutant.
        assert_eq!(case.broken(&case.input.render()), None, "{}", case.input.name);
    }
    let mut survivors = Vec::new();
    let mut mutants = 0_usize;
    for (index, template) in templates.iter().enumerate() {
        for (number, line) in template.source.lines().enumerate() {
            if line.trim().is_empty() || line.trim().starts_with('#') {
                continue;
            }
            for mutant in mutations(line) {
                mutants += 1;
                let source = mutate(&template.source, number, mutant.as_deref());
                let mutated = Template { source: Cow::Owned(source), ..template.clone() };
                if !cases.iter().any(|case| case.notices(index, &mutated).is_some()) {
                    let what = mutant.unwrap_or_else(|| "deleted".to_owned());
                    survivors.push(format!("{}:{}: {line} → {what}", template.name, number + 1));
                }
            }
        }
    }
    assert!(mutants > 1_500, "only {mutants} mutants were made");
    assert!(
        survivors.is_empty(),
        "{} of {mutants} mutants survive:\n{}",
        survivors.len(),
        survivors.join("\n")
    );
}
