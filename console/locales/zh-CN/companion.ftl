### 客户和会计用的程序的话。写给不懂技术的人。

## 登记

enrol-connecting = 正在连接 { $address }……
enrol-no-keychain = 这台电脑没有可用的系统钥匙串，密钥将用口令保护。
enrol-proved = ✓ 对方确实是邀请您的那家事务所。
enrol-identity = ✓ 登记成功。从现在起，这台设备代表：
enrol-confirm = 以上信息是否正确？
enrol-confirm-hint = 如果姓名或事务所不对，请回答 n，并告诉邀请您的人。
enrol-key-stays = 密钥是在这台设备上制作的，从不离开这里。
enrol-declined = 已告诉事务所信息不对；这台设备没有登记。
enrol-digits =
    核对数字：{ $digits }
    请打电话念给管理员。管理员确认之前，这台设备还不能使用。
enrol-next = 现在就可以发送：counterfoil send 文件夹 --period 2026-11
enrol-next-staff = 确认之后：counterfoil list

## 我是谁

identity-practice = { "  " }事务所    { $practice }
identity-person = { "  " }姓名      { $person }（{ $role }）
identity-device = { "  " }设备      { $label }
identity-books = { "  " }账套      { $books }
identity-pin = { "  " }识别码    { $pin }
identity-gateway = { "  " }网关      { $address }
identity-certificate = { "  " }证书      { $until }到期
identity-keys-keychain = { "  " }密钥      由系统的钥匙串保管
identity-keys-passphrase = { "  " }密钥      由口令保护
identity-keys-plain = { "  " }密钥      未加保护：能读到此账户文件的人就能冒用这台设备
identity-waiting = { "  " }状态      等待管理员确认，核对数字 { $digits }

## 发送

send-reading = 正在读取文件夹… 已找到 { $documents } 个文件
send-begin = 要发送 { $documents } 个文件（{ $bytes }）到账套“{ $book }”，所属期 { $period }。
send-resuming = 接着上次继续：{ $documents } 个文件中，{ $bytes }已经在网关上，不再重发。
send-later-files = { $count } 个文件是后来加进来的，会在这次之后作为另一次提交发送。
send-held = { $name }：{ $when }已发送过，跳过。
send-held-count = { $count } 个文件以前发送过，没有重发；它们也写进了这张回执。
send-all-held = 这些文件以前都发送过，一个也不用重发。
send-withdrawn = { $name }：已从这次提交中撤出。
send-document-received = { $name }  ✓ 已收到
send-done = ✓ { $documents } 个文件已收到（{ $bytes }，用时 { $time }）。
send-receipt = { "  " }回执 { $receipt }：{ $path }
send-receipt-show = { "  " }查看：counterfoil receipt show { $receipt }
send-partial = { $sent } 个文件已收到并有回执，{ $failed } 个没有发送。
send-interrupted-hint = 已到达的部分保存着。再运行同一行，会从断处继续。
send-dropped = 已放弃提交 { $submission }；网关上未签收的部分会被清除。
send-drop-confirm = 放弃提交 { $submission }？已到达的部分要重新发送。

## 状态

status-connected = 网关 { $address } 已连接（{ $milliseconds } 毫秒）。
status-unfinished = 未完成的发送：
status-unfinished-line = { "  " }{ $submission }  { $documents } 个文件，{ $bytes }，开始于 { $since }
status-unfinished-hint = { "  " }再运行当时的同一行即可继续；不要了就运行：counterfoil drop { $submission }
status-nothing-unfinished = 没有未完成的发送。
status-submissions = 发送过的资料：
status-none-sent = 还没有发送过资料。
status-fetched-by = { $person } { $when }

## 列出和取回

list-none = 没有可以取回的资料。
list-none-new = 没有新的资料。
list-count = { $documents } 个文件，{ $bytes }。
fetch-begin = 要取回 { $documents } 个文件（{ $bytes }），先签收，再逐段核对。
fetch-signed = ✓ 已签收 { $documents } 个文件；发送方能看到是谁在什么时候取的。
fetch-resuming = 接着上次继续：{ $bytes }已经在这台设备上。
fetch-document-done = { $name }  ✓ 已核对并保存
fetch-skipped = { $count } 个文件以前取过，跳过。
fetch-done = ✓ { $documents } 个文件已核对并保存到 { $folder }（{ $bytes }，用时 { $time }）。
fetch-partial = { $fetched } 个文件已保存，{ $failed } 个没有取回。

## 后来增加的命令和参数

enrol-ask = 请输入邀请（以 CF1 开头的一个词，或者邀请码）：
help-counterfoil-enrol-after = 邀请也可以在询问时输入，或从标准输入读入（-）。断线之后再运行同一行即可：同一个邀请得到同一个身份。
help-counterfoil-send--give-up-after = 没有进展时继续尝试多久，例如 90s、10m（默认 10m）
help-counterfoil-status--book = 只看这个账套（名称或编号）
help-counterfoil-books = 列出您可以使用的账套
help-counterfoil-whoami = 这台设备在各家事务所代表谁；不连接任何人
fetch-document-failed = { $name }：没有取回。
fetch-nothing = 没有要取回的：都已经在这里，或者本来就没有。
help-counterfoil-fetch-after = 中断后再运行同一行，会从断处继续。以前取到同一文件夹的会跳过。
connect-waiting = 网关没有应答，{ $seconds } 秒后再试。
practice-not-in-code = （短邀请码里没有）
cause-damaged = 文件已损坏
cause-no-home = 系统没有给出存放程序数据的文件夹

## 证书。

cert-renewed = 这台设备的证书已续期。
cert-renewed-until = 证书已续期，有效期至 { $until }。
cert-purpose = 证书
cert-tls = 用于连接
cert-signing = 用于签名
cert-until = 到期
cert-renews = 何时起自动续期
cert-serial = 序列号
cert-ends = { $practice }：{ $purpose }的证书将于 { $until }到期。
cert-none-ends = 这段时间内没有证书到期。

## 设备

device-add-made = ✓ 您的另一台设备的邀请，有效期至 { $expires }：
device-add-own = 请不要给任何人：拿到它的人就是您。管理员会得到通知。
device-add-digits = 登记后，那台设备的屏幕上会显示 8 位核对数字。请念给管理员，由管理员开通权限。
