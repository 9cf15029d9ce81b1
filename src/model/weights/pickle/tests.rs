//! Files made by torch where there is one, and files made by hand.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::collection::vec;
use proptest::prelude::*;

use super::opcode as op;
use super::*;

/// Makes the files of [`files_of_torch_have_their_values`] and prints name, shape and values of each tensor.
const MAKE: &str = r#"
import collections, json, sys, torch
folder = sys.argv[1]
torch.manual_seed(1)
base = torch.randn(6, 8)
class Evil:
    def __reduce__(self):
        return (eval, (f"open({(folder + '/ran')!r}, 'w')",))
state = collections.OrderedDict(
    plain=base, tied=base, transposed=base.t(), sliced=base[1:5, 2:7], strided=base[::2, ::3], row=base[3],
    half=torch.randn(3, 5).half(), bfloat=torch.randn(4, 3).bfloat16(), double=torch.randn(2, 2).double(),
    scalar=torch.tensor(1.5), empty=torch.zeros(0, 4), ids=torch.arange(7).expand(1, -1),
    parameter=torch.nn.Parameter(torch.randn(5)), permuted=torch.randn(2, 3, 4).permute(2, 0, 1),
)
torch.save(state, f"{folder}/zip")
torch.save(state, f"{folder}/zip4", pickle_protocol=4)
torch.save(state, f"{folder}/legacy", _use_new_zipfile_serialization=False)
torch.save(state, f"{folder}/legacy4", _use_new_zipfile_serialization=False, pickle_protocol=4)
torch.save({"epoch": 3, "state_dict": state, "optimizer": {"lr": 0.1, "betas": [0.9, 0.99]}}, f"{folder}/nested")
torch.save({"model": {"state_dict": dict(state)}}, f"{folder}/nested-twice", _use_new_zipfile_serialization=False)
module = torch.nn.Linear(3, 2)
torch.save(module.state_dict(), f"{folder}/module")
torch.save({"a": base, "evil": Evil()}, f"{folder}/evil")
torch.save({"a": base, "evil": Evil()}, f"{folder}/evil-legacy", _use_new_zipfile_serialization=False)
torch.save([base], f"{folder}/list")
print(json.dumps({k: [list(v.shape), v.float().flatten().tolist()] for k, v in state.items()}))
"#;

fn make(folder: &Path) -> Option<serde_json::Map<String, serde_json::Value>> {
    let python = std::env::var_os("SPLADE_EXPORT_TRANSFORMERS").filter(|path| !path.is_empty());
    let Some(python) = python else {
        eprintln!("skipped: SPLADE_EXPORT_TRANSFORMERS is not set");
        return None;
    };
    let output = Command::new(python)
        .args(["-c", MAKE])
        .arg(folder)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn files_of_torch_have_their_values() {
    let dir = tempfile::tempdir().unwrap();
    let Some(expected) = make(dir.path()) else {
        return;
    };
    for name in ["zip", "zip4", "legacy", "legacy4", "nested", "nested-twice"] {
        let tensors = read_pickled_tensors(&dir.path().join(name)).unwrap();
        let names: Vec<_> = tensors.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, expected.keys().collect::<Vec<_>>(), "{name}");
        for (tensor_name, tensor) in &tensors {
            let shape: Vec<usize> =
                serde_json::from_value(expected[tensor_name][0].clone()).unwrap();
            let values: Vec<f32> =
                serde_json::from_value(expected[tensor_name][1].clone()).unwrap();
            assert_eq!(tensor.shape, shape, "{name} {tensor_name}");
            if tensor_name == "ids" {
                assert!(tensor.read().is_err(), "{name}");
            } else {
                assert_eq!(tensor.read().unwrap(), values, "{name} {tensor_name}");
            }
        }
        let find = |name| &tensors.iter().find(|(n, _)| n == name).unwrap().1;
        assert_eq!(find("plain"), find("tied"));
        assert!(find("row").is_contiguous() && !find("transposed").is_contiguous());
    }
    let module = read_pickled_tensors(&dir.path().join("module")).unwrap();
    let names: Vec<_> = module.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["weight", "bias"]);
}

#[test]
fn what_torch_would_run_is_refused_and_not_run() {
    let dir = tempfile::tempdir().unwrap();
    if make(dir.path()).is_none() {
        return;
    }
    for name in ["evil", "evil-legacy"] {
        let error = read_pickled_tensors(&dir.path().join(name)).unwrap_err();
        assert!(
            matches!(&error, PickleError::ForbiddenName { name } if name.ends_with(".eval")),
            "{error}"
        );
    }
    assert!(!dir.path().join("ran").exists());
    let error = read_pickled_tensors(&dir.path().join("list")).unwrap_err();
    assert!(matches!(error, PickleError::NoStateDict), "{error}");
}

#[test]
fn files_of_torch_that_are_cut_or_changed_end_in_an_error_or_in_tensors() {
    let dir = tempfile::tempdir().unwrap();
    if make(dir.path()).is_none() {
        return;
    }
    for name in ["zip", "legacy"] {
        let whole = std::fs::read(dir.path().join(name)).unwrap();
        for length in (0..whole.len()).step_by(97) {
            let path = write(dir.path(), &whole[..length]);
            assert!(read_pickled_tensors(&path).is_err(), "{name} {length}");
        }
        for at in (0..whole.len()).step_by(13) {
            for change in [1, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= change;
                read_all(&write(dir.path(), &bytes));
            }
        }
    }
}

fn write(folder: &Path, bytes: &[u8]) -> PathBuf {
    let path = folder.join("made");
    std::fs::write(&path, bytes).unwrap();
    path
}

fn read_all(path: &Path) {
    if let Ok(tensors) = read_pickled_tensors(path) {
        for (_, tensor) in tensors {
            let _ = tensor.read();
        }
    }
}

/// Returns a zip archive of stored entries, as torch writes it.
fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in entries {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Returns the pickle of `{"w": tensor}` with a float storage "0" of so many values.
fn tensor_pickle(values: u16, first: u16, shape: &[u16], strides: &[u16]) -> Vec<u8> {
    fn int(pickle: &mut Vec<u8>, value: u16) {
        pickle.push(op::BININT2);
        pickle.extend(value.to_le_bytes());
    }
    fn text(pickle: &mut Vec<u8>, text: &str) {
        pickle.push(op::SHORT_BINUNICODE);
        pickle.push(u8::try_from(text.len()).unwrap());
        pickle.extend(text.as_bytes());
    }
    let mut pickle = vec![op::PROTO, 2, op::EMPTY_DICT, op::MARK];
    text(&mut pickle, "w");
    pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
    text(&mut pickle, "storage");
    pickle.extend(b"ctorch\nFloatStorage\n");
    text(&mut pickle, "0");
    text(&mut pickle, "cpu");
    int(&mut pickle, values);
    pickle.extend([op::TUPLE, op::BINPERSID]);
    int(&mut pickle, first);
    for numbers in [shape, strides] {
        pickle.push(op::MARK);
        numbers.iter().for_each(|&number| int(&mut pickle, number));
        pickle.push(op::TUPLE);
    }
    pickle.extend([op::NEWFALSE, op::EMPTY_DICT, op::TUPLE, op::REDUCE]);
    pickle.extend([op::SETITEMS, op::STOP]);
    pickle
}

fn read_tensor(pickle: &[u8], data: &[u8]) -> Result<Vec<f32>, PickleError> {
    let dir = tempfile::tempdir().unwrap();
    let bytes = archive(&[("a/data.pkl", pickle), ("a/data/0", data)]);
    let tensors = read_pickled_tensors(&write(dir.path(), &bytes))?;
    assert_eq!(tensors.len(), 1);
    tensors[0].1.read()
}

#[test]
fn a_tensor_that_reaches_beyond_its_storage_is_refused() {
    let data: Vec<u8> = (0..6)
        .flat_map(|i: u8| f32::from(i).to_le_bytes())
        .collect();
    let read = |values, first, shape: &[u16], strides: &[u16]| {
        read_tensor(&tensor_pickle(values, first, shape, strides), &data)
    };
    assert_eq!(read(6, 1, &[2, 2], &[3, 1]).unwrap(), [1.0, 2.0, 4.0, 5.0]);
    assert_eq!(read(6, 0, &[1, 2], &[9999, 5]).unwrap(), [0.0, 5.0]);
    for (values, first, shape, strides) in [
        (6, 2, &[2, 2], &[3, 1]),
        (6, 0, &[2, 2], &[6, 1]),
        (7, 0, &[7, 1], &[1, 1]),
        (60000, 0, &[60000, 60000], &[60000, 60000]),
    ] {
        let error = read(values, first, shape, strides).unwrap_err();
        assert!(matches!(error, PickleError::Damaged(_)), "{error}");
    }
    // A small file must not grow in memory.
    let error = read(6, 0, &[60000, 60000], &[0, 0]).unwrap_err();
    assert!(matches!(error, PickleError::Unsupported(_)), "{error}");
}

#[test]
fn depth_and_loops_end() {
    let mut deep = vec![op::PROTO, 2];
    deep.push(op::EMPTY_TUPLE);
    deep.resize(500_000, op::TUPLE1);
    deep.push(op::STOP);
    assert!(machine::read_pickle(&deep).is_ok());
    // A list that holds itself, and a state dict in itself.
    let list = [
        op::PROTO,
        2,
        op::EMPTY_LIST,
        op::BINPUT,
        0,
        op::BINGET,
        0,
        op::APPEND,
        op::STOP,
    ];
    assert!(machine::read_pickle(&list).is_ok());
    let mut dict = vec![
        op::PROTO,
        2,
        op::EMPTY_DICT,
        op::BINPUT,
        0,
        op::SHORT_BINUNICODE,
        5,
    ];
    dict.extend(b"model");
    dict.extend([op::BINGET, 0, op::SETITEM, op::STOP]);
    let error = read_tensor(&dict, &[]).unwrap_err();
    assert!(matches!(error, PickleError::NoStateDict), "{error}");
}

#[test]
fn a_name_outside_the_list_is_named() {
    for (module, name) in [("os", "system"), ("torch", "load"), ("builtins", "exec")] {
        let pickle = format!("\u{80}\u{2}c{module}\n{name}\n)R.");
        let pickle: Vec<u8> = pickle.chars().map(|c| c as u8).collect();
        let error = read_tensor(&pickle, &[]).unwrap_err();
        assert!(
            error.to_string().contains(&format!("\"{module}.{name}\"")),
            "{error}"
        );
    }
}

/// Pieces of pickles, so that random programs get further than their first instruction.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = tensor_pickle(6, 0, &[2, 3], &[3, 1]);
    prop_oneof![
        any::<u8>().prop_map(|byte| vec![byte]),
        prop::sample::select(vec![
            op::MARK,
            op::EMPTY_DICT,
            op::EMPTY_LIST,
            op::EMPTY_TUPLE,
            op::TUPLE,
            op::TUPLE1,
            op::TUPLE2,
            op::APPENDS,
            op::SETITEMS,
            op::REDUCE,
            op::BUILD,
            op::BINPERSID,
            op::DUP,
            op::MEMOIZE,
            op::STOP,
            op::NONE,
            op::POP,
            op::POP_MARK,
        ])
        .prop_map(|byte| vec![byte]),
        (0..known.len(), 1..40_usize)
            .prop_map(move |(at, n)| known[at..known.len().min(at + n)].to_vec()),
    ]
}

proptest! {
    #[test]
    fn any_program_ends_in_a_result(pieces in vec(piece(), 0..60)) {
        let mut pickle = vec![op::PROTO, 2];
        pickle.extend(pieces.concat());
        pickle.push(op::STOP);
        let _ = machine::read_pickle(&pickle);
        let _ = read_tensor(&pickle, &[0; 24]);
    }

    #[test]
    fn views_have_the_values_that_their_strides_say(
        first in 0..20_u16, shape in vec(0..5_u16, 0..4), strides in vec(0..9_u16, 3),
    ) {
        let strides = &strides[..shape.len()];
        let data: Vec<u8> = (0..100_u8).flat_map(|i| f32::from(i).to_le_bytes()).collect();
        let mut expected = vec![first];
        for (&size, &stride) in shape.iter().zip(strides) {
            expected = expected.iter().flat_map(|&at| (0..size).map(move |i| at + i * stride)).collect();
        }
        match read_tensor(&tensor_pickle(100, first, &shape, strides), &data) {
            Ok(values) => prop_assert_eq!(values, expected.iter().map(|&at| f32::from(at)).collect::<Vec<_>>()),
            Err(error) => prop_assert!(matches!(error, PickleError::Unsupported(_) | PickleError::Damaged(_))),
        }
    }
}
