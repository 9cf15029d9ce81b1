//! `splade-export model`

use std::io::{self, Write};

use clap::Args as ClapArgs;
use serde::Serialize;
use splade_export::{
    Activation, Aggregation, Model, ModelPlace, QuerySide, Refresh, Sides, printable,
    resolve_model, stated_license,
};

use super::fetch_progress::FetchDisplay;

/// Fetch a model and tell what it is
///
/// A name is looked for in the local Hugging Face cache and on the hub, and its files are downloaded into that cache.
#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  splade-export model\n\nEnvironment: HF_TOKEN, HF_HOME, HF_HUB_CACHE, \
                  HF_HUB_OFFLINE and HF_ENDPOINT, as the hub's own tools"
)]
pub struct Args {
    /// A model folder, or a name on the Hugging Face hub: ORG/NAME, ORG/NAME@REVISION (hf:ORG/NAME where a folder has
    /// the same name)
    #[arg(value_name = "MODEL", env = "SPLADE_EXPORT_MODEL", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    model: String,

    /// Take what the cache has, and ask the hub only for what is missing
    #[arg(long)]
    cached: bool,

    /// Print JSON
    #[arg(long, help_heading = "Output")]
    json: bool,

    /// Print no progress
    #[arg(long, short, help_heading = "Output")]
    quiet: bool,
}

/// What a model is.
#[derive(Serialize)]
struct Report {
    name: Option<String>,
    revision: Option<String>,
    commit: Option<String>,
    folder: String,
    architecture: &'static str,
    aggregation: &'static str,
    activation: &'static str,
    queries: String,
    max_length: usize,
    default_max_length: usize,
    max_length_stated_in: Option<String>,
    terms: usize,
    license: Option<String>,
}

impl Args {
    pub fn run(self) -> anyhow::Result<()> {
        let refresh = if self.cached {
            Refresh::No
        } else {
            Refresh::Yes
        };
        let mut display = FetchDisplay::new(self.quiet);
        let place = resolve_model(&self.model, refresh, &mut |event| display.on(event))?;
        drop(display);
        let sides = Sides::find(place.folder())?;
        let report = Report::new(&place, &Model::open(place.folder())?, &sides.queries);
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, &report)?;
            writeln!(out)?;
        } else {
            out.write_all(printable(&report.lines()).as_bytes())?;
        }
        out.flush()?;
        Ok(())
    }
}

impl Report {
    fn new(place: &ModelPlace, model: &Model, queries: &QuerySide) -> Self {
        let fetched = match place {
            ModelPlace::Hub(fetched) => Some(fetched),
            ModelPlace::Folder(_) => None,
        };
        Self {
            name: fetched.map(|fetched| fetched.name.repository().to_owned()),
            revision: fetched.map(|fetched| fetched.name.revision().to_owned()),
            commit: fetched.map(|fetched| fetched.commit.clone()),
            folder: place.folder().display().to_string(),
            architecture: model.architecture(),
            aggregation: match model.pooling.aggregation.unwrap_or(Aggregation::Max) {
                Aggregation::Max => "max",
                Aggregation::Sum => "sum",
            },
            activation: match model.pooling.activation {
                Activation::Relu => "log(1 + relu(x))",
                Activation::Log1pRelu => "log(1 + log(1 + relu(x)))",
            },
            queries: match queries {
                QuerySide::SameModel => "the same model".into(),
                QuerySide::Model(folder) => format!("the model {}", folder.display()),
                QuerySide::Table(file) => format!("the table {}", file.display()),
                QuerySide::Ones => "every term 1".into(),
                QuerySide::Unknown(class) => format!("unknown: {class}; see --query-weights"),
            },
            max_length: model.max_length,
            default_max_length: model.default_max_length(),
            max_length_stated_in: model
                .stated_max_length
                .as_ref()
                .filter(|stated| stated.tokens == model.default_max_length())
                .map(|stated| stated.file.clone()),
            terms: model.vocabulary.len(),
            license: stated_license(place.folder()),
        }
    }

    fn lines(&self) -> String {
        let mut lines = Vec::new();
        if let (Some(name), Some(commit)) = (&self.name, &self.commit) {
            let revision = self.revision.as_deref().unwrap_or_default();
            lines.push(format!(
                "model        {name}, {revision} is commit {commit}"
            ));
        }
        let stated = self.max_length_stated_in.as_ref();
        let license = self.license.as_deref().unwrap_or("not stated");
        lines.extend([
            format!("folder       {}", self.folder),
            format!("architecture {}", self.architecture),
            format!(
                "weights      {} over tokens of {}",
                self.aggregation, self.activation
            ),
            format!("queries      {}", self.queries),
            format!(
                "length       {} tokens{}, up to {}",
                self.default_max_length,
                stated.map_or_else(String::new, |file| format!(" (as {file} says)")),
                self.max_length
            ),
            format!("terms        {}", self.terms),
            format!("license      {license}\n"),
        ]);
        lines.join("\n")
    }
}
