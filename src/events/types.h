// EventTypes: every type of event there is, each with the schema of its data. What is not
// registered, or does not fit, cannot become an event.
//
// A type is named `<noun>.<action>.requested|completed|failed`. Those of a noun follow from its
// description (features/noun). A feature of another kind declares its own as constants that tie the
// name to the C++ struct of the data:
//
//   inline constexpr EventType<UserCreated> kUserCreationCompleted{
//       "user.creation.completed"};
//
// What was written once is read for ever: when the data of a type change in a way that older ones
// do not fit, its data version grows by one and an upcaster says how the older become the newer.
//
// With a `.requested` type its `.failed` one is registered too: it is what the bus appends when the
// run that should have fulfilled the request is given up.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/world.h"
#include "events/event.h"
#include "schema/schema.h"

namespace synap::events {

inline constexpr std::size_t kEventDataBytesMax = 512 * 1024;
inline constexpr std::size_t kEventTypeCharactersMax = 128;
/// Types that users register, and no others, begin so.
inline constexpr std::string_view kRegisteredPrefix = "x.";

/// Gives data of version `from` in the shape of version `from + 1`. Pure.
using Upcaster = Json (*)(Json data, std::int64_t from);

/// What a fold does with an event of this type whose data were erased.
enum class OnErased : std::uint8_t {
  kSkip,  // as if it had not happened: it is not given to folds
  kFold,  // it is given to folds, which must do with what its header says
};

/// The name of a type of event, tied to the struct of its data as the present version has it.
template <class Data>
struct EventType {
  std::string_view name;
  std::int64_t data_version = 1;
  Upcaster upcast = nullptr;  // from every version before the present one; none if that is 1
  bool needs_aggregate = true;
  OnErased on_erased = OnErased::kSkip;
};

/// The data of every `.failed` event.
struct Failure {
  std::string function;
  std::string run_id;
  std::int64_t attempts = 0;
  std::string name;  // of the error: "BAD_REQUEST"
  std::string message;
};
const ObjectSchema<Failure>& describe(Type<Failure>);

/// "note.creation.requested" -> "note.creation.failed"; "x.y" -> "x.y.failed".
std::string failed_type_of(std::string_view type);

/// The data of an event in the shape of the present version: parsed and upcast as need be.
Result<Json> current_data(const Event& event, std::int64_t data_version, Upcaster upcast);

/// The data of `event`, which must be of this type, as its struct. Read once for all who have them
/// at the same time; any thread. kInternalServerError: the stored data do not fit the type.
template <class Data>
Result<std::shared_ptr<const Data>> data_of(const Event& event, const EventType<Data>& type) {
  SYNAP_CHECK(event.type == type.name, event.type);
  auto decoded = event.decoded.get([&]() -> Result<std::shared_ptr<const void>> {
    auto json = current_data(event, type.data_version, type.upcast);
    if (!json) return fail(json.error());
    auto data = decode<Data>(std::move(*json));
    if (!data) return fail(Code::kInternalServerError, data.error().message);
    return std::make_shared<const Data>(std::move(*data));
  });
  if (!decoded) return fail(decoded.error());
  return std::static_pointer_cast<const Data>(*std::move(decoded));
}

class EventTypes {
 public:
  struct Options {
    std::int64_t data_version = 1;
    Upcaster upcast = nullptr;
    bool needs_aggregate = false;
    OnErased on_erased = OnErased::kSkip;
    /// Reads an event's data into its struct, which data_of() finds while it is kept; null where
    /// they cannot be read. No function where there is no struct.
    std::shared_ptr<const void> (*decode)(const Event& event, const Options& options) = nullptr;
  };
  struct Info {
    std::string name;
    Schema data;
    std::string docs;
    Options options;
  };

  /// New events have their ids, times and salts from `world`, which must outlive it.
  explicit EventTypes(World& world) : world_(&world) {}
  EventTypes() : EventTypes(real_world()) {}

  World& world() const { return *world_; }

  /// CHECKs that the name is well formed and new, that the schema describes an object, and that
  /// there is an upcaster if there is an older version.
  void add(std::string_view name, Schema data, std::string docs) {
    add(name, std::move(data), std::move(docs), Options{});
  }
  void add(std::string_view name, Schema data, std::string docs, Options options);
  template <class Data>
  void add(EventType<Data> type, std::string docs) {
    add(type.name, schema_of<Data>(), std::move(docs),
        {type.data_version, type.upcast, type.needs_aggregate, type.on_erased,
         [](const Event& event, const Options& options) -> std::shared_ptr<const void> {
           const EventType<Data> same{event.type, options.data_version, options.upcast};
           return data_of(event, same).value_or(nullptr);
         }});
  }
  /// Registers the `.failed` type of `type` unless it is there.
  void add_failed(std::string_view type);

  const Info* find(std::string_view name) const;
  std::vector<const Info*> all() const;

  /// Of data that come from outside, as JSON text in the present version. kBadRequest: the type is
  /// unknown, the data do not fit it (with every issue), it lacks an aggregate, or the envelope is
  /// out of bounds. kPayloadTooLarge: the data are over kEventDataBytesMax.
  Result<NewEvent> make(std::string_view type, std::string data, Envelope envelope) const;
  /// Of a struct, which is trusted to fit its own schema (debug builds look), and stays with the
  /// event for all who need it: nothing is parsed.
  template <class Data>
  Result<NewEvent> make(const EventType<Data>& type, Data data, Envelope envelope) const {
    std::string text;
    if constexpr (std::is_same_v<Data, Json>) {
      text.reserve(json_bytes(data));
    }
    encode(text, data);
    return make_trusted(type.name, std::move(text), std::make_shared<const Data>(std::move(data)),
                        std::move(envelope));
  }

  /// Of a type that a user has registered, in the version that `data` were judged by: whoever keeps
  /// such types says so. CHECKs that the name begins with kRegisteredPrefix, as no other type does.
  Result<NewEvent> make_registered(std::string_view type, std::int64_t data_version,
                                   std::string data, Envelope envelope) const;

  /// Whether a name is the pod's own, now or in a version to come: of a registered type's noun, of
  /// the form <noun>.<action>.requested|completed|failed, "function.", "inngest/" or
  /// kRegisteredPrefix. Nobody but the pod appends what its projections fold.
  bool is_reserved(std::string_view name) const;
  /// Why no event can ever have a type that a trigger names, in a sentence; empty: one can. A "*"
  /// at its end stands for anything. Looks at all names for one that was meant, where `suggests`.
  std::string why_never(std::string_view pattern, bool suggests) const;
  /// Of a name that an app chose, whose data no schema describes. kBadRequest: the name is
  /// reserved, or not made of 1 to 128 letters, digits and "._-/"; kPayloadTooLarge.
  Result<NewEvent> make_open(std::string_view type, std::string data, Envelope envelope) const;

  /// The event as its readers of today expect it: itself, or a copy whose data are upcast.
  /// One that is erased or damaged stays as it is.
  Result<EventRef> current(const EventRef& event) const;
  /// The same for whoever shows events: one of a version that only a newer Synap reads is shown as
  /// it was written, so that it stops no list.
  EventRef shown(const EventRef& event) const { return current(event).value_or(event); }

 private:
  Result<NewEvent> make_trusted(std::string_view type, std::string text,
                                std::shared_ptr<const void> data, Envelope envelope) const;
  Result<NewEvent> finish(const Info& info, std::string data, Envelope envelope,
                          std::shared_ptr<const void> decoded) const;

  World* world_;
  std::map<std::string, Info, std::less<>> by_name_;
};

}  // namespace synap::events
