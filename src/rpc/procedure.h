// Procedure: one thing that can be called, described once. Everything that lets people, programs
// and agents call Synap (tRPC and REST; MCP and forms later) is made from a table of these.
//
// Here a call is a path, an input and a context; the answer is one JSON value or a stream of them.
// No word of HTTP, and none of what the procedures are about.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "base/stream.h"
#include "base/task.h"
#include "rpc/call_meter.h"
#include "schema/schema.h"

namespace synap::rpc {

enum class Kind { kQuery, kMutation, kSubscription };
std::string_view kind_name(Kind kind);  // "query"

/// Who calls and under which circumstances. Made by the protocol's owner once a request (once a
/// connection over WebSocket) and handed to the procedures unread.
class Context {
 public:
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  virtual ~Context() = default;
};

/// JSON text, or nothing where JavaScript has undefined.
using Text = std::optional<std::string>;

/// One item of a stream. With an id it is "tracked": a client that reconnects says the id of the
/// last one it saw. Ids are not empty and have no NUL, CR or LF.
struct Item {
  std::optional<std::string> id;
  Text data;
};
using Items = Stream<Item, Result<Text>>;

/// What a call answers: one value, or a stream (subscriptions always, queries and mutations may).
using Reply = std::variant<Text, Items>;

struct FormField {
  std::string name;
  std::string value;                    // the field's text or the file's bytes
  std::optional<std::string> filename;  // set for files
  std::string content_type;             // of files
};

struct Input {
  std::optional<Json> json;                    // absent is JavaScript's undefined
  std::optional<std::vector<FormField>> form;  // multipart/form-data, in order
  std::optional<std::string> bytes;            // application/octet-stream
};

struct Call {
  std::shared_ptr<const Context> context;
  Input input;
  /// Asked to stop when nobody waits for the answer any more.
  std::stop_token stop;
  /// Told what the input had that the procedure does not know; nullptr: nobody would hear of it.
  /// Whoever makes the call keeps it until there is a reply.
  UnknownKeys* unknown_keys = nullptr;
};

/// What a call does to the pod: what an agent asks before it calls, and a client before it repeats.
enum class Effects : std::uint8_t {
  kReads,       // changes nothing
  kAppends,     // adds to what there is; each call adds again, but for an idempotency key
  kIdempotent,  // changes what there is; to do it again changes nothing more
  kDestroys,    // takes something away, or overwrites it
};
std::string_view effects_name(Effects effects);  // "reads"

/// Who may call.
enum class Access : std::uint8_t {
  kPublic,  // anybody, unknown
  kCaller,  // every user
  kOwner,   // owners of the pod
};
std::string_view access_name(Access access);  // "public"

/// Whom a call reaches beside the pod, because of its input or of what is stored.
enum class Reach : std::uint8_t {
  kUnsaid,  // nobody has looked: no agent may have it
  /// Nobody whom the caller chooses: only who was set up for it, as a provider of models, or an app
  /// that hears of the events.
  kPod,
  kOutward,  // whom the caller, or something that was stored, names
};

/// A failure that callers should expect.
struct ErrorMeta {
  Code code;
  std::string when;  // "There is no such note."
};

struct Example {
  std::string input;   // JSON text; empty where there is none
  std::string output;  // JSON text; empty if it is not shown
};

/// What is said of a procedure besides its schemas. Documents are made of it, and whoever serves
/// calls enforces it in one place before the feature runs.
struct Meta {
  std::string summary;  // one sentence
  std::string docs = {};
  Effects effects = Effects::kReads;
  Access access = Access::kCaller;
  std::vector<ErrorMeta> errors = {};
  std::vector<Example> examples = {};
  std::string deprecated = {};  // what to call instead; empty unless it is
  /// Of mutations: a repeat with the same idempotency key is answered as the first call was, and
  /// does nothing. Where none are kept, a call with one is refused.
  bool keeps_idempotency_keys = false;
  /// Of mutations: one who may not call it, but may propose, makes a proposal of the call. Its
  /// answer has a status, which is "proposed" then.
  bool may_be_proposed = false;
  /// Of those: why a call with this valid input would change nothing, so that it is not proposed,
  /// either. Null: nobody looks.
  std::function<Task<Result<>>(std::string user_id, Json input)> check_proposal = nullptr;
  /// The scope that it needs depends on its input: the feature asks for it.
  bool has_scope_of_input = false;
  /// Types of events that a call may append, itself and before it is answered.
  std::vector<std::string> appends = {};
  /// To be said of what agents are made for (agents/tools.h).
  Reach reach = Reach::kUnsaid;
};

struct Procedure {
  std::string path;  // dotted: "notes.create"
  Kind kind = Kind::kQuery;
  Schema input;             // kUndefined where there is none
  Schema output;            // of one item for streams
  bool is_tracked = false;  // its items carry ids
  Meta meta;
  std::function<Task<Result<Reply>>(Call)> handler;
  /// Of its calls, counted by the handler; nothing where they are not.
  std::shared_ptr<CallMeter> meter = {};

  bool is_public() const { return meta.access == Access::kPublic; }
};

/// What a key must be allowed for a call: "notes:read" if the procedure notes.x changes nothing,
/// else "notes:write".
std::string scope_of(const Procedure& procedure);
/// What a key must be allowed for a call to become a proposal: "notes:propose".
std::string proposing_scope_of(const Procedure& procedure);

/// False where the input is undefined, whatever a caller sends.
bool takes_input(const Procedure& procedure);

/// Whoever asks for a longer path asks for nothing that there is.
inline constexpr std::size_t kPathBytesMax = 200;

/// What whoever caught an exception of the procedure `path` answers; it is written to the log.
Error error_of_exception(std::string_view path, std::string_view what);

/// Calls the handler of `procedure`. What it throws harms this call alone: kInternalServerError,
/// with what was thrown on stderr.
Task<Result<Reply>> invoke(const Procedure& procedure, Call call);

class ProcedureTable {
 public:
  /// CHECKs that the path is well formed and no longer than kPathBytesMax, new, no prefix of
  /// another
  /// ("notes" beside "notes.list") and no name that JavaScript clients cannot reach: then, call,
  /// apply.
  void add(Procedure procedure);
  const Procedure* find(std::string_view path) const;
  /// In the order of their paths.
  std::vector<const Procedure*> all() const;

  /// Counts a call that was refused before its handler began; nullptr: of no procedure that there
  /// is, whatever path was asked for. Any thread.
  void count_refusal(const Procedure* procedure, Code code) const;
  /// Of calls of no procedure.
  const CallMeter& meter_of_none() const { return *meter_of_none_; }

 private:
  std::map<std::string, Procedure, std::less<>> by_path_;
  std::shared_ptr<CallMeter> meter_of_none_ = std::make_shared<CallMeter>();
};

}  // namespace synap::rpc
