#pragma once
#include "gateway/storage/types.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::storage {

struct Visibility;

/// What made a version. The stored values; never renumber.
enum class WriteKind : std::uint8_t { create = 1, update = 2, patch = 3, erase = 4 };

/// Type and id: what a relative reference names.
struct ResourceName {
    std::string type;
    std::string id;
    friend bool operator==(const ResourceName&, const ResourceName&) = default;
    friend auto operator<=>(const ResourceName&, const ResourceName&) = default;
};

struct VersionInfo {
    Rid rid = 0;
    Vid vid = 0;
    std::int64_t number = 0;  ///< meta.versionId
    TimeUs at_us = 0;         ///< meta.lastUpdated; the store makes it strictly monotone with vid
    WriteKind kind = WriteKind::create;
    InboxId origin = 0;  ///< the inbox row this version came from; 0 = not from a message
};

/// JSON of a resource as it is stored: compact, id set, meta without versionId and lastUpdated, and the place where
/// these two go in. So a version's number and time are decided by the writer after the body was compressed by the
/// caller, and a read does no JSON work: it copies the bytes before the place, the two values, and the bytes after.
struct PreparedBody {
    std::string json;
    std::uint32_t splice = 0;  ///< byte offset in `json`
    bool has_meta = false;     ///< the place is inside an existing `meta` object (which is never empty)
};

/// Takes a resource's JSON (well-formed, an object, as parsed or written by fhir/json), drops white space between
/// tokens, puts resourceType and id first, and takes versionId and lastUpdated out of meta. One pass, one copy. Fails
/// with FailureCode::refused if the text is not one JSON object.
Result<PreparedBody> prepare_body(std::string_view json, std::string_view type, std::string_view id);

/// Appends `"versionId":"3","lastUpdated":"2026-01-31T08:15:30.123456Z"`.
void append_version_members(const VersionInfo& version, std::string& out);

/// Appends an instant with microseconds and Z.
void append_instant(TimeUs at_us, std::string& out);

/// One version as read. Owns its bytes.
struct StoredResource {
    std::string type;
    std::string id;
    VersionInfo version;
    PreparedBody body;  ///< empty if erased
    bool erased() const noexcept { return version.kind == WriteKind::erase; }
    /// The resource with meta.versionId and meta.lastUpdated in place; nothing if erased.
    void append_json(std::string& out) const;
    std::string json() const {
        std::string out;
        append_json(out);
        return out;
    }
};

/// A resource ready to be written: compressed body and index keys. Made by Store::prepare on the caller's thread, so
/// that the writer thread neither compresses nor hashes. Immutable and cheap to copy; belongs to the Store that made
/// it.
class PreparedResource {
public:
    struct Content;
    PreparedResource() = default;
    explicit PreparedResource(std::shared_ptr<const Content> content) : content_(std::move(content)) {}
    explicit operator bool() const noexcept { return content_ != nullptr; }
    const Content& content() const noexcept { return *content_; }

private:
    std::shared_ptr<const Content> content_;
};

/// One write. `kind` says update or patch; the store records `create` when no live version existed.
struct ResourceWrite {
    PreparedResource resource;
    WriteKind kind = WriteKind::update;
    std::optional<std::int64_t>
        if_version;  ///< the current version's number must be this; 0 = must not exist (or be erased)
    InboxId origin = 0;
    bool fresh = false;  ///< the id was made for this resource: it is not looked for
};

struct WriteResult {
    VersionInfo version;
    bool created = false;       ///< there was no live version before
    std::int64_t replaced = 0;  ///< number of the version before this one, 0 = none
};

/// Which versions a history asks for. Newest first.
struct HistoryRequest {
    const Visibility* visibility = nullptr;  ///< null: everything
    std::string_view type;                   ///< empty = the whole system
    std::string_view id;                     ///< empty = the whole type
    std::optional<TimeUs> since_us;          ///< `_since`, inclusive
    std::optional<TimeUs> at_low_us;         ///< `_at` as a half-open range: versions current at some point of it
    std::optional<TimeUs> at_high_us;
    std::size_t count = 50;
    std::string_view page_token;  ///< from HistoryPage::next_page
    std::string_view binding;     ///< what the token is bound to: the query's canonical text and the principal
};

struct HistoryPage {
    std::vector<StoredResource> entries;
    std::optional<std::uint64_t> total;  ///< where it is cheap: instance history
    std::string next_page;               ///< empty = this was the last page
};

}  // namespace causeway::storage
