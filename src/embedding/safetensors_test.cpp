#include "embedding/safetensors.h"

#include <gmock/gmock.h>

#include <limits>

#include "embedding/test_model.h"
#include "embedding/weights.h"

namespace synap::embedding {
namespace {

using testing::HasSubstr;
using testing::Pointee;

std::string why(std::string_view header, std::string_view data) {
  const auto bytes = test::file_of(header, data);
  const auto read = Safetensors::read(bytes);
  return read ? "it was taken" : read.error().message;
}

TEST(Safetensors, GiveTheirTensors) {
  const auto bytes = test::safetensors(test::tensors());
  const auto file = Safetensors::read(bytes);
  ASSERT_TRUE(file) << file.error().message;
  const auto values = file->floats("embeddings.LayerNorm.bias", {16});
  ASSERT_TRUE(values);
  EXPECT_EQ(*values, test::tensors()["embeddings.LayerNorm.bias"].values);
  EXPECT_THAT(file->shape_of("encoder.layer.1.intermediate.dense.weight"),
              Pointee(testing::ElementsAre(40, 16)));
  EXPECT_EQ(file->shape_of("nothing"), nullptr);
}

TEST(Safetensors, RefuseWhatIsNotWhereItSaysItIs) {
  EXPECT_EQ(why(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "1234"),
            "it was taken");
  EXPECT_EQ(why(R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})", "1234"),
            "it was taken");
  EXPECT_THAT(why(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", "1234"),
              HasSubstr("the tensor a lies at bytes 0 to 8 of 4"));
  EXPECT_THAT(why(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "1234"),
              HasSubstr("lies at bytes 4 to 0"));
  EXPECT_THAT(why(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "1234"),
              HasSubstr("4 bytes, which are not those of its shape [2]"));
  // Numbers of JSON are whole up to 2^53, and 2^53 * 2^9 * 4 is 0 in 64 bits.
  EXPECT_THAT(
      why(R"({"a":{"dtype":"F32","shape":[9007199254740992,512],"data_offsets":[0,0]}})", ""),
      HasSubstr("not those of its shape"));
  EXPECT_THAT(why(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                  R"("b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})",
                  "123456"),
              HasSubstr("do not lie one behind another"));
  EXPECT_THAT(why(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "12345678"),
              HasSubstr("do not lie one behind another"));
  EXPECT_THAT(why(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "12345678"),
              HasSubstr("bytes that belong to no tensor"));
  for (const auto* entry : {"1", "{}", R"({"dtype":"F32","shape":[1]})",
                            R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})",
                            R"({"dtype":"F32","shape":[1.5],"data_offsets":[0,4]})",
                            R"({"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]})",
                            R"({"dtype":"F99","shape":[1],"data_offsets":[0,4]})",
                            R"({"dtype":"F32","shape":[1],"data_offsets":[0]})"}) {
    EXPECT_THAT(why(fmt::format(R"({{"a":{}}})", entry), "1234"),
                HasSubstr("the tensor a has no known type, shape and place"));
  }
}

TEST(Safetensors, RefuseWhatHasNoHeader) {
  for (const std::string& bytes : {std::string(), std::string("1234567"), std::string(8, '\xFF'),
                                   std::string("\x64\0\0\0\0\0\0\0{}", 10)}) {
    EXPECT_FALSE(Safetensors::read(bytes));
  }
  EXPECT_THAT(why("[]", ""), HasSubstr("no JSON object"));
  EXPECT_THAT(why("{", ""), HasSubstr("no JSON object"));
  EXPECT_THAT(why(R"({"a":{"shape":[[[[[1]]]]]}})", ""), HasSubstr("no JSON object"));
}

std::string why_no_weights(const test::Tensors& tensors, const Shape& shape = test::shape()) {
  const auto bytes = test::safetensors(tensors);
  const auto file = Safetensors::read(bytes);
  EXPECT_TRUE(file);
  const auto weights = Weights::from_safetensors(*file, shape);
  return weights ? "they were taken" : weights.error().message;
}

TEST(Weights, AreThoseOfTheFile) {
  EXPECT_EQ(why_no_weights(test::tensors()), "they were taken");
  test::Tensors prefixed;
  for (const auto& [name, tensor] : test::tensors()) prefixed["bert." + name] = tensor;
  prefixed["pooler.dense.bias"] = {{1}, {0}};  // of no use here
  EXPECT_EQ(why_no_weights(prefixed), "they were taken");
}

TEST(Weights, RefuseAFileThatIsNotOfTheirShape) {
  auto tensors = test::tensors();
  const auto* name = "encoder.layer.1.output.dense.weight";
  tensors[name].values[7] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(why_no_weights(tensors),
              HasSubstr("a value of the tensor encoder.layer.1.output.dense.weight is no finite"));
  tensors[name].values[7] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(why_no_weights(tensors), HasSubstr("is no finite number"));
  tensors[name].shape = {40, 16};
  EXPECT_THAT(why_no_weights(tensors),
              HasSubstr("has the shape [40, 16], where [16, 40] is meant"));
  tensors[name].shape = {640};
  EXPECT_THAT(why_no_weights(tensors), HasSubstr("has the shape [640]"));
  tensors.erase(name);
  EXPECT_THAT(why_no_weights(tensors),
              HasSubstr("the model has no tensor encoder.layer.1.output.dense.weight"));
  // One row where there are to be many, which would be read beyond its end.
  tensors = test::tensors();
  tensors["embeddings.word_embeddings.weight"] = {{16}, std::vector<float>(16, 1)};
  EXPECT_THAT(why_no_weights(tensors), HasSubstr("has the shape [16], where [17, 16] is meant"));
  tensors = test::tensors();
  tensors["embeddings.token_type_embeddings.weight"] = {{0, 16}, {}};
  EXPECT_THAT(why_no_weights(tensors), HasSubstr("has the shape [0, 16], where [1, 16] is meant"));
  auto huge = test::shape();
  huge.vocabulary = 1'000'000;
  huge.dimension = 4096;
  EXPECT_THAT(why_no_weights(test::tensors(), huge), HasSubstr("smaller than config.json says"));
}

TEST(Shape, IsThatOfAConfigThatCanBeComputed) {
  EXPECT_EQ(*Shape::from_config(test::config()), test::shape());
  const auto why = [](const std::string& name, Json value) {
    auto config = test::config();
    config.set(name, std::move(value));
    const auto shape = Shape::from_config(config);
    return shape ? "it was taken" : shape.error().message;
  };
  EXPECT_THAT(why("model_type", "roberta"),
              HasSubstr("the model's model_type is \"roberta\": only \"bert\""));
  EXPECT_THAT(why("hidden_act", "relu"), HasSubstr("hidden_act"));
  EXPECT_THAT(why("num_hidden_layers", 0),
              HasSubstr("the model's layers is 0, where 1 to 48 is taken"));
  EXPECT_THAT(why("hidden_size", -3), HasSubstr("no whole number hidden_size"));
  EXPECT_THAT(why("hidden_size", 1e300), HasSubstr("no whole number hidden_size"));
  EXPECT_THAT(why("hidden_size", 18), HasSubstr("4 heads do not divide its dimension 18"));
  EXPECT_THAT(why("vocab_size", 2'000'000), HasSubstr("where 1 to 1000000 is taken"));
  EXPECT_THAT(why("layer_norm_eps", 0), HasSubstr("epsilon"));
  EXPECT_FALSE(Shape::from_config(Json::array()));
}

}  // namespace
}  // namespace synap::embedding
