// Qt SCXML as a reference: the same documents, the same number of events. Prints one JSON object.
//
//   qt_peer SHARED_FOLDER
#include <QBuffer>
#include <QCoreApplication>
#include <QFile>
#include <chrono>
#include <cstdio>
#include <memory>

#include <QtScxml/QScxmlStateMachine>

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::unique_ptr<QScxmlStateMachine> load(const QString& file) {
    return std::unique_ptr<QScxmlStateMachine>(QScxmlStateMachine::fromFile(file));
}

void settle(QScxmlStateMachine& machine) {
    machine.start();
    QCoreApplication::processEvents();
}

double events_per_second(const QString& file, const QString& event, int count,
                         int transitions_each) {
    const auto machine = load(file);
    settle(*machine);
    const auto begin = Clock::now();
    for (int sent = 0; sent < count; ++sent) {
        machine->submitEvent(event);
        if (sent % 64 == 63) {
            QCoreApplication::processEvents();
        }
    }
    QCoreApplication::processEvents();
    return static_cast<double>(count) * transitions_each / seconds_since(begin);
}

double raised_per_second(const QString& file) {
    const auto machine = load(file);
    settle(*machine);
    const auto begin = Clock::now();
    machine->submitEvent(QStringLiteral("go"));
    while (machine->isRunning()) {
        QCoreApplication::processEvents();
    }
    return 100'000 / seconds_since(begin);
}

double starts_of_text_per_second(const QString& file, int count) {
    QFile source(file);
    source.open(QIODevice::ReadOnly);
    const QByteArray text = source.readAll();
    const auto begin = Clock::now();
    for (int started = 0; started < count; ++started) {
        QByteArray changed = text + "<!-- " + QByteArray::number(started) + " -->";
        QBuffer buffer(&changed);
        buffer.open(QIODevice::ReadOnly);
        const std::unique_ptr<QScxmlStateMachine> machine(QScxmlStateMachine::fromData(&buffer));
        settle(*machine);
    }
    return count / seconds_since(begin);
}

}  // namespace

int main(int argc, char** argv) {
    QCoreApplication application(argc, argv);
    const QString shared = QString::fromLocal8Bit(argc > 1 ? argv[1] : "../shared");
    const QString workloads = shared + "/workloads/";
    std::printf(
        "{\"external_null\": %.0f, \"raised_null\": %.0f, \"external_ecma\": %.0f, "
        "\"raised_ecma\": %.0f, "
        "\"start_new_text\": %.0f}\n",
        events_per_second(workloads + "pingpong-null.scxml", QStringLiteral("e"), 200'000, 1),
        events_per_second(workloads + "chain10-null.scxml", QStringLiteral("go"), 20'000, 10),
        events_per_second(workloads + "pingpong-ecma.scxml", QStringLiteral("e"), 30'000, 1),
        raised_per_second(workloads + "raise-ecma-100000.scxml"),
        starts_of_text_per_second(workloads + "small-null.scxml", 2'000));
    return 0;
}
