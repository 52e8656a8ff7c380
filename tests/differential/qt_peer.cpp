// The peer of the differential test: runs charts with Qt SCXML and tells what it saw.
//
// Reads from standard input, any number of times:   <bytes of the document> <number of events>\n
// document, then an event a line Writes for each chart, for the start and for each event: "<active
// states>|<logs>", then "end" where active states are sorted ids and logs are "label=value" in
// order, each list separated by blanks.
#include <QBuffer>
#include <QCoreApplication>
#include <QScxmlStateMachine>
#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

namespace {

// Qt works through its queue in the event loop. A chart that the peer never gets done with (a bug
// of the peer, since the generator's charts all come to rest) must not stop the test.
constexpr int kTurnsMax = 10'000;

class Trace {
  public:
    explicit Trace(QScxmlStateMachine& machine) : machine_(machine) {
        QObject::connect(&machine, &QScxmlStateMachine::log, &machine,
                         [this](const QString& label, const QString& message) {
                             logs_ += " " + label.toStdString() + "=" + message.toStdString();
                         });
        QObject::connect(&machine, &QScxmlStateMachine::reachedStableState, &machine,
                         [this] { is_stable_ = true; });
        QObject::connect(&machine, &QScxmlStateMachine::finished, &machine,
                         [this] { is_stable_ = true; });
    }

    void start() {
        machine_.start();
        settle();
    }

    void submit(const std::string& event) {
        if (machine_.isRunning()) {
            machine_.submitEvent(QString::fromStdString(event));
            settle();
        } else {
            print();
        }
    }

  private:
    void settle() {
        is_stable_ = false;
        for (int turn = 0; turn < kTurnsMax && !is_stable_; ++turn) {
            QCoreApplication::processEvents();
        }
        // Qt delivers the log signals of a macrostep behind its end.
        QCoreApplication::processEvents();
        print();
    }

    void print() {
        std::vector<std::string> active;
        if (machine_.isRunning()) {
            for (const QString& name : machine_.activeStateNames(false)) {
                active.push_back(name.toStdString());
            }
        }
        std::sort(active.begin(), active.end());
        for (std::size_t at = 0; at < active.size(); ++at) {
            std::cout << (at == 0 ? "" : " ") << active[at];
        }
        std::cout << "|" << (logs_.empty() ? logs_ : logs_.substr(1)) << "\n";
        logs_.clear();
    }

    QScxmlStateMachine& machine_;
    std::string logs_;
    bool is_stable_ = false;
};

void run_chart(const std::string& document, const std::vector<std::string>& events) {
    QByteArray bytes = QByteArray::fromStdString(document);
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::ReadOnly);
    QScxmlStateMachine* machine = QScxmlStateMachine::fromData(&buffer);
    if (!machine->parseErrors().isEmpty()) {
        for (const QScxmlError& error : machine->parseErrors()) {
            std::cout << "refused: " << error.toString().toStdString() << "\n";
        }
    } else {
        Trace trace(*machine);
        trace.start();
        for (const std::string& event : events) {
            trace.submit(event);
        }
    }
    std::cout << "end" << std::endl;
    delete machine;
}

}  // namespace

int main(int argc, char** argv) {
    QCoreApplication application(argc, argv);
    // Every <log> also goes to Qt's own log.
    qInstallMessageHandler([](QtMsgType, const QMessageLogContext&, const QString&) {});
    std::size_t size = 0;
    std::size_t event_count = 0;
    while (std::cin >> size >> event_count) {
        std::cin.ignore();
        std::string document(size, '\0');
        std::cin.read(document.data(), static_cast<std::streamsize>(size));
        std::vector<std::string> events(event_count);
        for (std::string& event : events) {
            std::getline(std::cin, event);
        }
        run_chart(document, events);
    }
    return 0;
}
