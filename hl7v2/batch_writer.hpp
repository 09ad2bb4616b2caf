#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hl7v2/acknowledge.hpp"
#include "hl7v2/batch.hpp"

namespace causeway::hl7v2 {

/// The fields of FHS and BHS. Empty ones are left out. The parties are HD values in HL7 form, delimiters included; the
/// others are plain text.
struct BatchHeaderFields {
    std::string_view sending_application = {};    ///< 3
    std::string_view sending_facility = {};       ///< 4
    std::string_view receiving_application = {};  ///< 5
    std::string_view receiving_facility = {};     ///< 6
    std::string_view creation_time = {};          ///< 7
    std::string_view name = {};                   ///< 9
    std::string_view comment = {};                ///< 10
    std::string_view control_id = {};             ///< 11
    std::string_view reference = {};              ///< 12: control id of the file or batch that is answered
};

/// Writes `[FHS] {[BHS] {messages} [BTS]} [FTS]` piece by piece: what each call appends can go out at once, so a file
/// of any size needs no memory. Counts are kept here and stated in the trailers. Each header is closed by its trailer;
/// what is still open is closed by end_file().
class BatchWriter {
public:
    /// `out` must outlive the writer; it may be emptied between calls.
    explicit BatchWriter(std::string& out, const Delimiters& delimiters = {}) noexcept
        : out_(&out), delimiters_(delimiters) {}

    void begin_file(const BatchHeaderFields& fields);
    void begin_batch(const BatchHeaderFields& fields);
    /// A message in ER7; a final CR is added where it is missing.
    void add(std::string_view message);
    void end_batch(std::string_view comment = {});
    void end_file(std::string_view comment = {});

    std::uint64_t messages_in_batch() const noexcept { return messages_; }
    std::uint64_t batches() const noexcept { return batches_; }

private:
    void write_header(std::string_view name, const BatchHeaderFields& fields);
    void write_trailer(std::string_view name, std::uint64_t count, std::string_view comment);

    std::string* out_;
    Delimiters delimiters_;
    std::uint64_t messages_ = 0, batches_ = 0;
    bool in_file_ = false, in_batch_ = false, loose_ = false;
};

/// The header of the acknowledgement to a file or batch: the parties swapped, 12 refers to its control id. Borrows from
/// `header` and `scratch`.
class BatchReply {
public:
    /// `now` and `control_id` (7 and 11 of the reply) must outlive the reply.
    BatchReply(const BatchHeader& header, std::string_view now, std::string_view control_id);
    BatchHeaderFields fields() const noexcept;
    const Delimiters& delimiters() const noexcept { return delimiters_; }

private:
    std::string parties_[4];
    std::string reference_;
    std::string_view now_, control_id_;
    Delimiters delimiters_;
};

/// What the acknowledgements in a batch reply say of the messages that were sent. Only errors need to be answered, and
/// a reply without any means that all were accepted (2.5.1 section 2.10.3.3): what is not named is accepted. Results
/// are in the order of `control_ids`; answers to unknown control ids are counted.
struct BatchSettlement {
    std::vector<AckCode> codes;
    std::size_t unknown = 0;
};
BatchSettlement settle_batch(std::span<const std::string> control_ids, std::span<const Acknowledgement> answers);

}  // namespace causeway::hl7v2
