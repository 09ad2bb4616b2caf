#include "gateway/mllp/incoming_batch.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "hl7v2/acknowledge.hpp"
#include "hl7v2/batch_writer.hpp"

namespace causeway::mllp {
namespace {

using hl7v2::BatchPart;

/// From MSH on, without what stands before it and without frame bytes.
std::string message_of(std::string_view part) {
    part.remove_prefix(std::min(part.find("MSH"), part.size()));
    return std::string(part);
}

void take(const BatchPart& part, const hl7v2::BatchCheck& check, IncomingBatch& out) {
    switch (part.kind) {
        case BatchPart::Kind::file_header:
            out.file = check.file_header();
            break;
        case BatchPart::Kind::batch_header:
            out.batches.push_back({check.batch_header(), {}});
            break;
        case BatchPart::Kind::message:
            if (out.batches.empty()) out.batches.emplace_back();
            out.batches.back().messages.push_back(message_of(part.bytes));
            break;
        case BatchPart::Kind::batch_trailer:
        case BatchPart::Kind::file_trailer:
        case BatchPart::Kind::other:
            break;
    }
}

}  // namespace

bool is_batch(std::string_view bytes) noexcept { return bytes.starts_with("FHS") || bytes.starts_with("BHS"); }

std::vector<std::string> split_messages(std::string bytes) {
    std::vector<std::string> out;
    const auto next_header = [&bytes](std::size_t from) {
        for (auto at = bytes.find("MSH", from); at != std::string::npos; at = bytes.find("MSH", at + 1)) {
            const bool line = bytes[at - 1] == '\r' || bytes[at - 1] == '\n';
            if (line && at + 4 < bytes.size() && bytes.compare(at, 4, bytes, 0, 4) == 0) return at;
        }
        return std::string::npos;
    };
    std::size_t begin = 0;
    if (bytes.starts_with("MSH")) {
        for (auto at = next_header(4); at != std::string::npos; at = next_header(at + 4)) {
            if (out.size() + 1 == batch_messages_max) break;
            out.push_back(bytes.substr(begin, at - begin));
            begin = at;
        }
    }
    if (begin == 0) {
        out.push_back(std::move(bytes));
    } else {
        out.push_back(bytes.substr(begin));
    }
    return out;
}

IncomingBatch read_batch(std::string_view bytes) {
    IncomingBatch out;
    hl7v2::BatchReader reader(bytes.size() + 1);
    const auto room = reader.prepare(bytes.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    reader.commit(bytes.size());
    reader.finish();
    hl7v2::BatchCheck check;
    while (const auto part = reader.next()) {
        check.take(*part);
        if (check.messages() > batch_messages_max) {
            out.fault = "more than " + std::to_string(batch_messages_max) + " messages in one batch";
            return out;
        }
        take(*part, check, out);
    }
    check.finish();
    if (!check.issues().empty()) out.fault = hl7v2::describe(check.issues().front().kind);
    return out;
}

struct BatchAnswer::Writer {
    explicit Writer(std::string& out, const hl7v2::Delimiters& delimiters) : writer(out, delimiters) {}
    hl7v2::BatchWriter writer;
    bool in_file = false;
};

BatchAnswer::BatchAnswer(const IncomingBatch& batch, std::string now, std::string control_id)
    : now_(std::move(now)), control_id_(std::move(control_id)) {
    const auto& first = batch.file ? batch.file : batch.batches.empty() ? batch.file : batch.batches.front().header;
    writer_ = std::make_shared<Writer>(out_, first ? first.delimiters() : hl7v2::Delimiters{});
    if (!batch.file) return;
    writer_->in_file = true;
    writer_->writer.begin_file(hl7v2::BatchReply(batch.file, now_, control_id_).fields());
}

void BatchAnswer::begin_batch(const IncomingBatch::Batch& batch) {
    writer_->writer.begin_batch(hl7v2::BatchReply(batch.header, now_, control_id_).fields());
}

void BatchAnswer::add(std::string_view acknowledgement) { writer_->writer.add(acknowledgement); }
void BatchAnswer::end_batch() { writer_->writer.end_batch(); }

std::string BatchAnswer::finish() {
    if (writer_->in_file) writer_->writer.end_file();
    return std::move(out_);
}

std::string BatchAnswer::refuse(const IncomingBatch& batch, std::string now, std::string control_id) {
    const auto& header = batch.file ? batch.file : batch.batches.empty() ? batch.file : batch.batches.front().header;
    // The acknowledgement is made as for a message whose control id is the batch's.
    const std::string stand_in =
        "MSH|^~\\&|||||" + now + "||BATCH|" + (header ? header.control_id() : std::string()) + "|P|2.5.1\r";
    const auto view = hl7v2::MessageView::parse(stand_in);
    if (view.has_error()) return {};
    const hl7v2::ErrEntry error{.code = hl7v2::ErrorCode::application_error, .user_message = batch.fault};
    const auto refusal =
        hl7v2::acknowledge(*view, hl7v2::AckCode::ar, {&error, 1}, {.now = now, .control_id = control_id});
    IncomingBatch::Batch one;
    one.header = header;
    IncomingBatch shape;
    shape.batches.push_back(one);
    BatchAnswer answer(shape, std::move(now), std::move(control_id));
    answer.begin_batch(one);
    answer.add(refusal);
    answer.end_batch();
    return answer.finish();
}

}  // namespace causeway::mllp
