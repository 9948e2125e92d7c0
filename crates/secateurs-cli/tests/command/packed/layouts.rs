//! Readers of packed models know the format; no other program takes one for a dense model.

use std::fs;

use crate::tiny::{Tiny, bytes};
use serde_json::Value;

fn config(tiny: &Tiny, model: &str) -> Value {
    serde_json::from_slice(&bytes(tiny.path(model).join("config.json"))).expect("JSON")
}

fn weight_files(tiny: &Tiny, model: &str) -> Vec<String> {
    let entries = fs::read_dir(tiny.path(model)).expect("it is a folder").flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.contains("safetensors")).collect()
}

/// A pruned model whose configuration claims another number format and a quantisation.
fn pruned() -> Tiny {
    let tiny = Tiny::new(2);
    tiny.succeed(&[
        "prune",
        "model",
        "-m",
        "magnitude",
        "-s",
        "0.6",
        "--quiet",
        "-o",
        "pruned",
    ]);
    let mut json = config(&tiny, "pruned");
    json["dtype"] = "float64".into();
    json["quantization_config"] = serde_json::json!({ "quant_method": "fp8" });
    fs::write(tiny.path("pruned/config.json"), json.to_string()).expect("written");
    tiny
}

/// Other readers look for `model.safetensors`; where they find none they stop, and do not begin with random weights.
#[test]
fn only_what_others_can_read_is_where_they_look_for_it() {
    let tiny = pruned();
    for values in ["f32", "f16", "bf16", "int8", "int4"] {
        for format in ["bitmap", "indexed", "dense", ""] {
            let out = format!("{values}-{format}");
            let format_args = ["--format", format];
            let format_args = if format.is_empty() { &[][..] } else { &format_args };
            let args = ["pack", "pruned", "--values", values, "--quiet", "-o", &out];
            if (values, format) == ("int4", "indexed") {
                continue;
            }
            tiny.succeed(&[&args[..], format_args].concat());
            let is_plain = format == "dense" && !values.starts_with("int");
            let expected = if is_plain {
                "model.safetensors"
            } else {
                "packed.safetensors"
            };
            assert_eq!(weight_files(&tiny, &out), [expected], "{out}");
            let json = config(&tiny, &out);
            assert_eq!(json.get("quantization_config"), None, "{out}");
            assert_eq!(json.get("secateurs").is_some(), !is_plain, "{out}");
            let format = match values {
                "f16" => "float16",
                "bf16" => "bfloat16",
                _ => "float32",
            };
            assert_eq!(
                (&json["dtype"], &json["torch_dtype"]),
                (&format.into(), &format.into()),
                "{out}"
            );
            tiny.json(&["info", &out, "--json"]);
        }
    }
}

#[test]
fn old_readers_of_bitmaps_are_served_on_demand_only() {
    let tiny = pruned();
    let args = ["pack", "pruned", "--compressed-tensors", "--quiet", "-o", "packed"];
    tiny.succeed(&[&args[..], &["--format", "bitmap", "--values", "bf16"]].concat());
    assert_eq!(weight_files(&tiny, "packed"), ["model.safetensors"]);
    let quantisation = &config(&tiny, "packed")["quantization_config"];
    assert_eq!(quantisation["quant_method"], "compressed-tensors");
    assert_eq!(quantisation["sparsity_config"]["format"], "sparse-bitmask");
    assert_eq!(
        quantisation["sparsity_config"]["ignore"],
        serde_json::json!(["model.embed_tokens"])
    );
    assert_eq!(
        tiny.json(&["compare", "pruned", "packed", "--json"])["only_second"],
        serde_json::json!([])
    );
    for (code, wrong) in [
        (2, &[][..]),
        (2, &["--measure"]),
        (1, &["--format", "dense"]),
        (1, &["--format", "2:4"]),
        (1, &["--format", "bitmap", "--values", "int8"]),
        (1, &["--format", "bitmap", "--head", "int8"]),
    ] {
        let line = tiny.refuse(code, &[&args[..5], &["new"], wrong].concat());
        assert!(
            code == 2 || line.contains("0.14.0.1") && line.contains("bitmaps"),
            "{line}"
        );
        assert!(!tiny.path("new.partial").exists());
    }
}

#[test]
fn help_names_the_last_reader_and_the_way_for_all_others() {
    let help = Tiny::new(1).succeed(&["pack", "--help"]);
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "compressed-tensors up to 0.14.0.1",
        "--format dense",
        "packed.safetensors",
        "random weights",
    ] {
        assert!(help.contains(part), "{part:?} is not in {help}");
    }
}
