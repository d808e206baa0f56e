### 网关的话；设置的说明是 setting-<设置>。

## 建立事务所

init-working = 正在建立事务所……制作解锁槽需要几秒钟。
init-passphrase-offer = 用几个词作口令最好记。建议：{ $words }
init-done = ✓ 事务所“{ $name }”已建立：{ $folder }
init-pin =
    { "  " }事务所识别码  { $pin }
    { "  " }（验证回执要用到它；可以印在名片和合同上）
init-host = { "  " }网关地址      { $address }
init-configuration = { "  " }配置文件      { $path }
init-key-file-made = { "  " }密钥文件      { $path }（已新建，请另存一份；没有它网关无法解锁）
init-token = { "  " }签发密钥      在令牌 { $token } 里，永不取出
init-kit-title = 恢复单 —— 请抄写或打印，放在安全的地方。密钥文件或口令丢失时，只有它能打开保险库：
init-kit-only-once = 这些词只显示这一次。
init-kit-written = 我已把恢复词保存好，继续？
init-roots = 根证书的密钥在 { $folder }。请复制到两个 U 盘，分开存放，然后从这台机器上删除。
init-next-title = 接下来：
init-next-run = { "  " }1. 启动网关：        { $command }
init-next-book = { "  " }2. 新增账套：        { $command }
init-next-invite = { "  " }3. 邀请客户：        { $command }
init-next-a-book = 账套
init-next-a-client = 客户

## 运行

run-unlocking = 正在解锁……
run-recovering = 正在检查日记账……
run-recovered = 日记账有 { $entries } 条记录，完整无缺。
run-posting = 正在从日记账过账……
run-posted = 分类账已就绪：{ $rows } 行。
run-listening = ✓ “{ $practice }”的网关正在 { $address } 服务。
run-stop-hint = 按 Ctrl-C 停止。
run-stopping = 正在停止：先完成手上的签收……
run-stopped = ✓ 网关已停止，全部内容都已写入磁盘。
run-enrolled = “{ $person }”（{ $role }）登记了一台新设备“{ $label }”。
run-enrolled-digits = { "  " }等待确认。对方屏幕上的核对数字若是 { $digits }，运行：{ $command }
run-upload-expired = { $count } 个停得太久的发送已清除。

## 账套

book-added = ✓ 已新增账套“{ $name }”，编号 { $id }。
book-none = 还没有账套。新增：counterfoil-gateway book add 名称

## 邀请

invite-made = ✓ 给“{ $name }”（{ $role }）的邀请，{ $expires }之前有效，只能用一次：
invite-word = { "  " }整个复制过去：  { $word }
invite-code = { "  " }或者照着输入：  { $code }
invite-command = { "  " }对方运行：      { $command }
invite-command-code = { "  " }或：            { $command }
invite-qr = { "  " }或扫描：
invite-channel = 请当面、电话或用平时的聊天工具发给本人。拿到邀请的人就能以“{ $name }”的身份登记一台设备。
invite-message-title = { "  " }可以这样发给对方：
invite-message = 您好，这是{ $practice }资料传递的邀请。请在财务电脑上运行：{ $command }（{ $expires }之前有效，只能用一次）
invite-staff-digits = 登记后，对方屏幕上会显示 8 位核对数字。请打电话核对，再运行：{ $command }

## 确认

confirm-done = ✓ 核对数字一致。“{ $person }”的设备“{ $label }”现在有{ $role }的权限。
confirm-declined = 已拒绝“{ $person }”的设备“{ $label }”，它没有得到任何权限。
confirm-ask = “{ $person }”（{ $role }）屏幕上的核对数字确实是 { $digits } 吗？

## 人员

people-none = 还没有人员。邀请：counterfoil-gateway invite
people-invited = 已邀请，尚未登记
people-waiting = 等待确认
people-active = 可用
people-declined = 已拒绝
people-revoked = 已吊销
people-expired = 邀请已过期

## 重新过账

repost-begin = 正在按日记账重建分类账……
repost-done = ✓ 分类账已重建：{ $entries } 条记录，{ $rows } 行，用时 { $time }。
repost-set-aside = 旧的分类账放在 { $path }，确认无误后可以删除。

## 状态和时钟

status-practice = { $practice }  识别码 { $pin }  { $address }
status-journal = { "  " }日记账    { $entries } 条记录，最新一条 { $newest }
status-uploads = { "  " }进行中的发送  { $uploads }
status-disk = { "  " }磁盘剩余      { $free } %
clock-confirmed = ✓ 时钟已确认正确，可以继续签名。

## 设置

config-right = ✓ 配置没有问题：{ $path }
setting-name = 事务所名称，客户会看到。
setting-host = 客户端连接网关用的主机名或地址。
setting-port = 客户端连接用的 UDP 端口。
setting-listen = 网关监听的地址。
setting-unlock-key-file = 启动时解锁用的密钥文件。不要放在事务所文件夹里。
setting-unlock-passphrase-file = 存放解锁口令的文件。
setting-journal-second-place = 日记账最新记录的第二处存放位置，最好在另一块磁盘上。
setting-limits-document-bytes-max = 单个文件的最大大小。
setting-limits-submission-bytes-max = 单次提交的最大大小。
setting-limits-uploads-open-max = 一个人同时可以进行的提交数。
setting-limits-device-bytes-per-day-max = 一台设备每天可发送的字节数。
setting-limits-device-documents-per-day-max = 一台设备每天可发送的文件数。
setting-limits-upload-age-seconds-max = 最后一段到达后多久，未完成的提交会结束。
setting-log-level = 日志级别：error、warn、info 或 debug。
setting-log-json = 日志是否用 JSON。
setting-lives-device-days = 设备证书的有效天数，到期前须已续期。
setting-lives-signing-days = 设备签名证书的有效天数。
setting-renew-after = 各设备从何时起自动给此前的证书续期，写成 2026-12-01T00:00:00.000Z。
setting-renew-before = 最迟到何时；每台设备在其间自选一个时刻。
setting-renew-reason = 原因，供客户端日志显示。
setting-pkcs11-module = 存放签发密钥的令牌的 PKCS#11 模块；只用于启用了 pkcs11 功能的版本。
setting-pkcs11-token = 令牌的标签。
setting-pkcs11-serial = 令牌的序列号，标签不够区分时使用。
setting-pkcs11-pin-file = 存放令牌 PIN 的文件（权限 0600）；不写则用服务管理器的凭据 counterfoil.pin。
setting-pkcs11-new-keys = 新的签发密钥是否在令牌里生成；否则放在保险库里。
setting-pkcs11-required = 没有令牌时是否拒绝启动；否则照常服务，但不签发任何证书。

## rotate, root

title-phase = 阶段
title-next = 下一条命令
rotate-phase-since = { $phase }，自 { $since }
rotate-until = 有效至 { $until }
rotate-waits-for-root = 等待根密钥签署
rotate-devices = { $kind }：{ $new } 台设备已有新的信任，{ $old } 台仍是旧的，{ $unseen } 台 30 天没有出现。
rotate-device-old = { "  " }尚未更新：{ $person }，{ $label }，最近连接 { $seen }
rotate-cut-off = 如果现在继续，这 { $count } 台设备只能续期；每台下次连接时会自动续期，只要还在宽限期内：
rotate-cut-off-device = { "  " }{ $person }，{ $label }
rotate-done = ✓ { $kind } 密钥的更换处于“{ $phase }”阶段。
rotate-next = 下一步：{ $command }
rotate-root-asked = 需要根密钥签署 { $path }。请把文件带到存放根密钥的地方，在那里运行：{ $sign }
    再把答复带回：{ $next }
rotate-root-needed = 需要先由根密钥签署：{ $command }
root-sign-title = 事务所 { $practice }。根密钥将签署：
root-sign-issuing = { "  " }新的签发机构，第 { $generation } 个，密钥为 { $key }
root-sign-root = { "  " }下一个根密钥，第 { $generation } 个：此后备用密钥成为根密钥；旧的根密钥在停用之前仍受信任
root-sign-root-stolen = { "  " }下一个根密钥，第 { $generation } 个，因为旧的已被盗：客户端立即拒绝旧的根密钥
root-sign-issuing-stolen = { "  " }新的签发机构，第 { $generation } 个，密钥为 { $key }，因为旧的已被盗：客户端立即拒绝旧的签发机构
root-sign-sure = 确定要根密钥签署这些内容吗？
root-sign-done = ✓ 已签署：{ $path }。请把这个文件带到网关；其中没有秘密。
root-sign-files = 新的根密钥和备用密钥在 { $folder }。请复制到两个介质并分开保管；更换完成后销毁之前的文件。
root-secret = 恢复卡上的词
root-exported = ✓ 已复制并读回核对：{ $path }
root-forgotten = ✓ 已删除：{ $path }。副本 { $copy } 可以打开。

## rights

people-suspended = 已暂停
people-over = 已到期
rights-device-suspended = ✓ 设备“{ $name }”已暂停：从现在起不收它的，也不给它。
rights-device-revoked = ✓ 设备“{ $name }”已永久吊销。
rights-person-suspended = ✓ “{ $name }”已暂停，所有设备都不能用。
rights-person-revoked = ✓ “{ $name }”已永久吊销，所有设备都不能用。
rights-book-suspended = ✓ 账套“{ $name }”已对所有人暂停，只有这个账套的客户一同暂停：{ $with } 人。
rights-book-closed = ✓ 账套“{ $name }”已对所有人永久关闭，只有这个账套的客户一同吊销：{ $with } 人。
rights-book-resumed = ✓ 账套“{ $name }”已恢复，一同恢复的客户：{ $with } 人。
rights-invitation-revoked = ✓ 邀请 { $id } 已失效。
rights-grant-withdrawn = ✓ 已收回“{ $name }”的账套。
rights-granted = ✓ “{ $name }”可以使用这个账套。
rights-granted-until = ✓ “{ $name }”可以使用这个账套，到 { $until } 为止。
rights-changed = ✓ “{ $name }”从现在起是{ $role }。
rights-changed-until = ✓ “{ $name }”从现在起是{ $role }，到 { $until } 为止。
rights-resumed = ✓ “{ $name }”已恢复。
rights-back = { "  " }要改回：{ $command }
rights-confirm-device = 这台设备以后再也不能进来，它的密钥作废。请再输入一次 { $name }：
rights-confirm-person = 此人以后在任何设备上都不能进来。请再输入一次 { $name }：
rights-confirm-book = 这个账套上的所有人马上被断开。请再输入一次 { $name }：
rights-confirm-close = 以后再也没有人能用这个账套。请再输入一次 { $name }：
rights-confirm-lock-out = 这样做之后可能没有可用的管理员。请再输入一次 { $name }：

## 邀请

invitations-none = 没有等待使用的邀请。要连同已结束的一起查看：invitations --all
invitation-until = 有效期至 { $until }
invitation-open = 未使用
invitation-tried = 未使用；{ $wrong } 次错误的证明
invitation-bound = 已使用，等待确认
invitation-confirmed = 已使用并确认
invitation-expired = 已过期
invitation-revoked = 已撤销
invitation-locked = 已锁定：错误的证明太多
invitation-attempt = { "  " }{ $at }  “{ $label }”，来自 { $from }

## 人员、设备、证书

title-seen = 最近出现
title-renews = 更新
title-program = 程序
title-factor = 第二验证
title-books = 账套
title-work-ends = 工作截止
people-factor = 有
people-no-factor = 没有
people-open-invitation = { "  " }{ $name }：邀请 { $invitation } 尚未使用
people-compare = { "  " }{ $name }，{ $label }：显示 { $digits }；对方念出的数字一致时：{ $command }
devices-none = 没有设备。
renews-self = 自动，最迟 { $by }
renews-late = 迟了：{ $by } 以来没有出现
renews-stuck = 卡住：{ $by } 以来出现过，却没有更新
renews-never = 不会自动更新；请在 { $by } 前处理
cert-gateway = 网关的证书
cert-statements = 网关声明用
cert-receipts = 回执用
cert-issuing = 签发机构
cert-root = 根证书
cert-state-fresh = 尚未使用
cert-state-current = 使用中
cert-state-old = 仍然有效
cert-state-superseded = 已替换
cert-state-expired = 已过期
cert-state-prepared = 已准备
cert-state-dropped = 已放弃
certs-calendar = ✓ 已把 { $count } 张证书写入日历 { $path }。
calendar-name = { $practice }的证书
calendar-event = 证书到期：{ $what }
ending-device = { $name }的一台设备，出现过却没有更新
ending-person = { $name }的工作期限
ending-line = { "  " }{ $what }：{ $by }，还有 { $days } 天：{ $command }
ending-root-list = 根证书的吊销列表
