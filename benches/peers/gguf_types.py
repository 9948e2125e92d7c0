"""The same model in other types of llama.cpp: reads a GGUF file, writes its matrices as F16 or Q8_0.

    python gguf_types.py MODEL.gguf F16 OUT.gguf
"""

import argparse

import gguf
import numpy as np


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("type", choices=["F32", "F16", "Q8_0"])
    parser.add_argument("out")
    arguments = parser.parse_args()
    convert(arguments.model, gguf.GGMLQuantizationType[arguments.type], arguments.out)


def convert(model, type_, out):
    reader = gguf.GGUFReader(model)
    architecture = reader.get_field("general.architecture").contents()
    writer = gguf.GGUFWriter(out, architecture)
    for name, field in reader.fields.items():
        # The writer counts these itself.
        if name == "general.architecture" or name.startswith("GGUF."):
            continue
        sub_type = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), field.types[0], sub_type=sub_type)
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        # Norms stay as they are.
        of = type_ if values.ndim == 2 else gguf.GGMLQuantizationType.F32
        writer.add_tensor(tensor.name, gguf.quants.quantize(values, of), raw_dtype=of)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
