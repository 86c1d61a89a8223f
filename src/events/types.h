// EventTypes: every type of event there is, each with the schema of its data. What is not
// registered, or does not fit, cannot become an event.
//
// A type is named `<noun>.<action>.requested|completed|failed`. A feature declares it as a constant
// that ties the name to the C++ struct of its data:
//
//   inline constexpr EventType<NoteCreationRequested> kNoteCreationRequested{
//       "note.creation.requested"};
//
// With a `.requested` type its `.failed` one is registered too: it is what the bus appends when the
// run that should have fulfilled the request is given up.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/schema.h"
#include "events/event.h"

namespace synap::events {

inline constexpr std::size_t kEventDataBytesMax = 512 * 1024;
inline constexpr std::size_t kEventTypeCharactersMax = 128;

template <class Data>
struct EventType {
  std::string_view name;
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

class EventTypes {
 public:
  struct Info {
    std::string name;
    Schema data;
    std::string docs;
  };

  /// CHECKs that the name is well formed and new, and that the schema describes an object.
  void add(std::string_view name, Schema data, std::string docs);
  template <class Data>
  void add(EventType<Data> type, std::string docs) {
    add(type.name, schema_of<Data>(), std::move(docs));
  }
  /// Registers the `.failed` type of `type` unless it is there.
  void add_failed(std::string_view type);

  const Info* find(std::string_view name) const;
  std::vector<const Info*> all() const;

  /// kBadRequest: the type is unknown, the data do not fit it (with every issue), or the envelope
  /// is out of bounds. kPayloadTooLarge: the data are over kEventDataBytesMax.
  Result<NewEvent> make(std::string_view type, std::string data, Envelope envelope) const;
  template <class Data>
  Result<NewEvent> make(EventType<Data> type, const Data& data, Envelope envelope) const {
    std::string text;
    encode(text, data);
    return make(type.name, std::move(text), std::move(envelope));
  }

 private:
  std::map<std::string, Info, std::less<>> by_name_;
};

}  // namespace synap::events
