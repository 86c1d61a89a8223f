#include "embedding/encoder.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"

namespace synap::embedding {
namespace {

// Rows at a time of those that are multiplied with a matrix: what comes out of them is still in the
// processor's cache when it is scaled.
constexpr std::size_t kRowsAtATime = 32;

void add(std::vector<float>& to, const std::vector<float>& from) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += from[i];
}

}  // namespace

// What one text needs, made once for all layers.
struct Encoder::Work {
  std::vector<float> x, query, key, value, seen, wide, change;
  std::vector<float> scratch;
  std::vector<std::int8_t> bytes;
  std::vector<Quantised> rows;
  std::vector<std::int32_t> products;
};

void Encoder::embed(std::span<const std::int32_t> ids, std::vector<float>& x) const {
  const std::size_t d = shape().dimension;
  x.resize(ids.size() * d);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    SYNAP_CHECK(ids[i] >= 0 && static_cast<std::size_t>(ids[i]) < shape().vocabulary,
                "a piece of the model's own vocabulary");
    const auto word = static_cast<std::size_t>(ids[i]);
    const float* position = weights_.positions + i * d;
    float* row = x.data() + i * d;
    if (weights_.precision == Precision::kFloats) {
      std::copy_n(weights_.words.floats + word * d, d, row);
    } else {
      const std::int8_t* bytes = weights_.words.bytes + word * vectors::row_bytes(d);
      const float scale = weights_.words.scales[word];
      for (std::size_t k = 0; k < d; ++k) row[k] = scale * static_cast<float>(bytes[k]);
    }
    for (std::size_t k = 0; k < d; ++k) row[k] += position[k] + weights_.type[k];
  }
}

void Encoder::normalise(std::vector<float>& rows, const Norm& norm) const {
  const std::size_t d = shape().dimension;
  for (std::size_t i = 0; i < rows.size(); i += d) {
    variants_.arithmetic->normalise(rows.data() + i, d, norm.weight, norm.bias, shape().epsilon);
  }
}

void Encoder::apply(const Linear& linear, const std::vector<float>& in, Work& work,
                    std::vector<float>& out) const {
  const Matrix& matrix = linear.weight;
  const std::size_t count = in.size() / matrix.columns;
  out.resize(count * matrix.rows);
  if (weights_.precision == Precision::kFloats) {
    variants_.dots->of_floats(
        {in.data(), count, matrix.floats, matrix.rows, matrix.columns, out.data()});
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += linear.bias[i % matrix.rows];
    return;
  }
  const std::size_t stride = vectors::row_bytes(matrix.columns);
  work.bytes.assign(kRowsAtATime * stride, 0);
  work.rows.resize(kRowsAtATime);
  work.products.resize(kRowsAtATime * matrix.rows);
  for (std::size_t begin = 0; begin < count; begin += kRowsAtATime) {
    const std::size_t rows = std::min(kRowsAtATime, count - begin);
    for (std::size_t i = 0; i < rows; ++i) {
      work.rows[i] = variants_.arithmetic->quantise(in.data() + (begin + i) * matrix.columns,
                                                    matrix.columns, work.bytes.data() + i * stride);
    }
    variants_.dots->of_int8(
        {work.bytes.data(), rows, matrix.bytes, matrix.rows, stride, work.products.data()});
    for (std::size_t i = 0; i < rows; ++i) {
      variants_.arithmetic->scale(work.products.data() + i * matrix.rows, work.rows[i],
                                  {matrix.scales, matrix.sums, linear.bias}, matrix.rows,
                                  out.data() + (begin + i) * matrix.rows);
    }
  }
}

void Encoder::attend(Work& work, std::size_t count) const {
  const std::size_t head = shape().head();
  work.scratch.resize((head + 1) * Attention::padded(count));
  work.seen.resize(work.query.size());
  for (std::size_t i = 0; i < shape().heads; ++i) {
    const std::size_t at = i * head;
    variants_.arithmetic->attend({.query = work.query.data() + at,
                                  .key = work.key.data() + at,
                                  .value = work.value.data() + at,
                                  .count = count,
                                  .head = head,
                                  .stride = shape().dimension,
                                  .scratch = work.scratch.data(),
                                  .out = work.seen.data() + at});
  }
}

Result<Vector> Encoder::encode(std::span<const std::int32_t> ids) const {
  SYNAP_CHECK(!ids.empty() && ids.size() <= shape().positions, "as long as the model reads");
  const std::size_t d = shape().dimension;
  Work work;
  embed(ids, work.x);
  normalise(work.x, weights_.norm);
  for (const auto& layer : weights_.layers) {
    apply(layer.query, work.x, work, work.query);
    apply(layer.key, work.x, work, work.key);
    apply(layer.value, work.x, work, work.value);
    attend(work, ids.size());
    apply(layer.seen, work.seen, work, work.change);
    add(work.x, work.change);
    normalise(work.x, layer.seen_norm);
    apply(layer.inner, work.x, work, work.wide);
    variants_.arithmetic->gelu(work.wide.data(), work.wide.size());
    apply(layer.outer, work.wide, work, work.change);
    add(work.x, work.change);
    normalise(work.x, layer.outer_norm);
  }
  Vector mean(d, 0);
  for (std::size_t i = 0; i < work.x.size(); ++i) mean[i % d] += work.x[i];
  const float length = std::sqrt(std::inner_product(mean.begin(), mean.end(), mean.begin(), 0.F));
  if (!(length > 0) || !std::isfinite(length)) {
    return fail(Code::kInternalServerError,
                "the model makes no vector of a text: its numbers are zero or not finite");
  }
  for (auto& value : mean) value /= length;
  return mean;
}

}  // namespace synap::embedding
