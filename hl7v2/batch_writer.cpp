#include "hl7v2/batch_writer.hpp"

#include <iterator>
#include <unordered_map>

#include "hl7v2/escape.hpp"

namespace causeway::hl7v2 {

namespace {

/// Field 1 of a header is its separator and field 2 the encoding characters.
constexpr std::size_t first_plain_field = 3;
constexpr std::size_t party_fields = 4;

}  // namespace

// --- BatchWriter

void BatchWriter::write_header(std::string_view name, const BatchHeaderFields& fields) {
    const std::string_view values[] = {fields.sending_application,
                                       fields.sending_facility,
                                       fields.receiving_application,
                                       fields.receiving_facility,
                                       fields.creation_time,
                                       {},
                                       fields.name,
                                       fields.comment,
                                       fields.control_id,
                                       fields.reference};
    out_->append(name).push_back(delimiters_.field);
    out_->append(delimiters_.encoding_characters());
    std::size_t pending = 0;
    for (std::size_t i = 0; i < std::size(values); ++i) {
        ++pending;
        if (values[i].empty()) continue;
        out_->append(pending, delimiters_.field);
        if (i < party_fields) {
            out_->append(values[i]);
        } else {
            encode_escapes(values[i], delimiters_, *out_);
        }
        pending = 0;
    }
    out_->push_back('\r');
}

void BatchWriter::write_trailer(std::string_view name, std::uint64_t count, std::string_view comment) {
    out_->append(name).push_back(delimiters_.field);
    out_->append(std::to_string(count));
    if (!comment.empty()) {
        out_->push_back(delimiters_.field);
        encode_escapes(comment, delimiters_, *out_);
    }
    out_->push_back('\r');
}

void BatchWriter::begin_file(const BatchHeaderFields& fields) {
    write_header("FHS", fields);
    in_file_ = true;
    batches_ = 0;
}

void BatchWriter::begin_batch(const BatchHeaderFields& fields) {
    if (in_batch_) end_batch();
    write_header("BHS", fields);
    in_batch_ = true;
    loose_ = false;
    messages_ = 0;
    ++batches_;
}

void BatchWriter::add(std::string_view message) {
    if (!in_batch_ && !loose_) {  // messages without a batch header are a batch too
        loose_ = true;
        messages_ = 0;
        ++batches_;
    }
    out_->append(message);
    if (message.empty() || message.back() != '\r') out_->push_back('\r');
    ++messages_;
}

void BatchWriter::end_batch(std::string_view comment) {
    if (in_batch_) write_trailer("BTS", messages_, comment);
    in_batch_ = loose_ = false;
}

void BatchWriter::end_file(std::string_view comment) {
    end_batch();
    if (in_file_) write_trailer("FTS", batches_, comment);
    in_file_ = false;
}

// --- BatchReply

BatchReply::BatchReply(const BatchHeader& header, std::string_view now, std::string_view control_id)
    : now_(now), control_id_(control_id), delimiters_(header ? header.delimiters() : Delimiters{}) {
    if (!header) return;
    const SegmentView view = header.view();
    for (std::size_t i = 0; i < party_fields; ++i) {
        const std::size_t from = first_plain_field + (i < 2 ? i + 2 : i - 2);  // 5 and 6 become 3 and 4
        parties_[i] = view.field(from).raw();
    }
    reference_ = header.control_id();
}

BatchHeaderFields BatchReply::fields() const noexcept {
    return {.sending_application = parties_[0],
            .sending_facility = parties_[1],
            .receiving_application = parties_[2],
            .receiving_facility = parties_[3],
            .creation_time = now_,
            .control_id = control_id_,
            .reference = reference_};
}

BatchSettlement settle_batch(std::span<const std::string> control_ids, std::span<const Acknowledgement> answers) {
    BatchSettlement settlement;
    settlement.codes.assign(control_ids.size(), AckCode::aa);
    std::unordered_map<std::string_view, std::size_t> index;
    for (std::size_t i = 0; i < control_ids.size(); ++i) index.emplace(control_ids[i], i);
    for (const Acknowledgement& answer : answers) {
        const auto found = index.find(answer.control_id);
        if (found == index.end()) {
            ++settlement.unknown;
        } else {
            settlement.codes[found->second] = answer.code;
        }
    }
    return settlement;
}

}  // namespace causeway::hl7v2
