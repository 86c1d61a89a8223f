#include "trpc/envelope.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "rpc/event_stream.h"

namespace synap::trpc {
namespace {

std::string error_text(const ErrorView& view) {
  std::string out;
  append_error(out, view);
  return out;
}
std::string success_text(const rpc::Text& data) {
  std::string out;
  append_success(out, data);
  return out;
}
Error with_details(Code code, Json details) {
  return {code, "m", std::make_shared<const Json>(std::move(details))};
}
Json issue(Json::Array path, std::string message) {
  return Json::object(
      {{"code", "custom"}, {"path", std::move(path)}, {"message", std::move(message)}});
}

TEST(Envelope, ASuccessHasDataUnlessItIsUndefined) {
  EXPECT_EQ(success_text("{\"a\":1}"), R"({"result":{"data":{"a":1}}})");
  EXPECT_EQ(success_text("null"), R"({"result":{"data":null}})");
  EXPECT_EQ(success_text(std::nullopt), R"({"result":{}})");
}

TEST(Envelope, AnErrorHasTheKeysOfTheWireInTheirOrder) {
  const Error error{Code::kNotFound, "No \"x\"\n"};
  EXPECT_EQ(error_text({error, "a.b"}),
            R"({"error":{"message":"No \"x\"\n","code":-32004,)"
            R"("data":{"code":"NOT_FOUND","httpStatus":404,"path":"a.b"}}})");
  EXPECT_EQ(error_text({error}), R"({"error":{"message":"No \"x\"\n","code":-32004,)"
                                 R"("data":{"code":"NOT_FOUND","httpStatus":404}}})");
}

TEST(Envelope, ZodErrorIsNullUnlessAValidationFailed) {
  const auto invalid = with_details(
      Code::kBadRequest,
      Json::object({{"issues", Json::Array{issue({}, "form"), issue({"a", 0}, "first"),
                                           issue({"a"}, "second"), issue({0}, "item")}}}));
  const ErrorView view{invalid, std::nullopt, true};
  EXPECT_NE(error_text(view).find(R"("zodError":{"formErrors":["form"],"fieldErrors":)"
                                  R"({"a":["first","second"],"0":["item"]}})"),
            std::string::npos)
      << error_text(view);
  EXPECT_EQ(error_text({invalid}).find("zodError"), std::string::npos);
  EXPECT_EQ(error_text({invalid}).find("issues"), std::string::npos);
  const Error plain{Code::kBadRequest, "m"};
  EXPECT_NE(error_text({plain, std::nullopt, true}).find(R"("zodError":null)"), std::string::npos);
  const auto odd = with_details(Code::kBadRequest, Json::object({{"issues", 5}}));
  EXPECT_NE(error_text({odd, std::nullopt, true}).find(R"("zodError":null)"), std::string::npos);
}

TEST(Envelope, OtherDetailsReachTheCaller) {
  const auto conflict = with_details(Code::kConflict, Json::object({{"actualVersion", 7}}));
  EXPECT_NE(error_text({conflict}).find(R"("details":{"actualVersion":7})"), std::string::npos);
}

TEST(Envelope, JsonlLinesAreWhatTheClientDecodes) {
  const Error error{Code::kConflict, "m"};
  EXPECT_EQ(jsonl_head(2), "{\"0\":[[0],[null,0,0]],\"1\":[[0],[null,0,1]]}\n");
  EXPECT_EQ(jsonl_success(1, "5"), "[1,0,[[{\"result\":{\"data\":5}}]]]\n");
  EXPECT_EQ(jsonl_success(1, std::nullopt), "[1,0,[[{\"result\":{}}]]]\n");
  EXPECT_TRUE(jsonl_error(0, {error, "p"}).starts_with("[0,0,[[{\"error\":{\"message\":\"m\""));
  EXPECT_EQ(jsonl_stream(0, 2, 3),
            "[0,0,[[{\"result\":0}],[\"result\",0,2]]]\n[2,0,[[{\"data\":0}],[\"data\",1,3]]]\n");
  EXPECT_EQ(jsonl_item(3, JsonlStatus::kItem, "1"), "[3,1,[[1]]]\n");
  EXPECT_EQ(jsonl_item(3, JsonlStatus::kEnd, std::nullopt), "[3,0,[[]]]\n");
  EXPECT_TRUE(
      jsonl_stream_error(3, {error}).starts_with("[3,2,{\"message\":\"m\",\"code\":-32009"));
}

TEST(Envelope, SseItemsAreOneLineAndNeverUndefined) {
  EXPECT_EQ(rpc::sse_item({std::nullopt, "{\n \"a\":\r\n1}"}), "data: {  \"a\":  1}\n\n");
  EXPECT_EQ(rpc::sse_item({"7", "1"}), "data: 1\nid: 7\n\n");
  EXPECT_EQ(rpc::sse_item({std::nullopt, std::nullopt}), "data: null\n\n");
  EXPECT_EQ(sse_item_restoring({std::nullopt, "1"}, "7"),
            "data: 1\nid: \n\nevent: restore-id\ndata: \nid: 7\n\n");
  EXPECT_EQ(rpc::sse_event("return", ""), "event: return\ndata: \n\n");
}

TEST(Envelope, AnEventIdCanBeSentInOneLine) {
  EXPECT_TRUE(rpc::is_event_id("1"));
  for (const std::string& id :
       {std::string(), std::string("a\nb"), std::string("\r"), std::string("a\0b", 3)}) {
    EXPECT_FALSE(rpc::is_event_id(id));
  }
}

TEST(Envelope, WebSocketAnswersCarryTheIdAsItWas) {
  const Addressee number{"0", false};
  const Addressee text{"\"a\"", true};
  EXPECT_EQ(websocket_data(number, "1"), R"({"id":0,"result":{"type":"data","data":1}})");
  EXPECT_EQ(websocket_data(text, std::nullopt),
            R"({"id":"a","jsonrpc":"2.0","result":{"type":"data"}})");
  EXPECT_EQ(websocket_item(number, {"5", "{}"}),
            R"({"id":0,"result":{"type":"data","data":{"id":"5","data":{}},"id":"5"}})");
  EXPECT_EQ(websocket_state(number, "started"), R"({"id":0,"result":{"type":"started"}})");
  EXPECT_TRUE(websocket_error({}, {Error{Code::kParseError, "m"}})
                  .starts_with(R"({"id":null,"error":{"message":"m","code":-32700)"));
}

}  // namespace
}  // namespace synap::trpc
