### 每个失败三句话：发生了什么（err-）、为什么（why-）、怎么办（next-）。

## F-01xx

err-argument-unknown = 不认识参数 { $argument }。
why-argument-unknown = 这个命令没有这样的参数，可能是拼写错误。
next-argument-unknown = 加上 --help 再运行一次，看看有哪些参数。

err-argument-missing = 缺少 { $argument }。
why-argument-missing = 没有它，命令不知道该做什么。
next-argument-missing = 补上后再运行；加上 --help 可以看到例子。

err-argument-wrong = { $argument } 不能是“{ $value }”。
why-argument-wrong = 这里需要的是：{ $expected }。
next-argument-wrong = 改正后再运行一次。

err-arguments-conflict = { $argument } 和 { $other } 不能一起用。
why-arguments-conflict = 两者说的是互相矛盾的事。
next-arguments-conflict = 只留一个，再运行一次。

err-command-unknown = 没有“{ $command }”这个命令。
why-command-unknown = 可能是拼写错误，或者程序版本较旧。
next-command-unknown = 加上 --help 运行，看看有哪些命令。

err-usage-wrong = 命令写得不对：{ $cause }
why-usage-wrong = 程序没有看懂这一行，什么也没有做。
next-usage-wrong = 加上 --help 再运行一次，看看写法。

err-answer-needed = 需要有人回答：{ $question }
why-answer-needed = 现在没有终端可以提问，或者您要求了不提问。
next-answer-needed = 确认无误后加上 --yes 再运行，或者在终端里运行。

err-option-needed = 需要 { $option }。
why-option-needed = 现在没有终端可以提问，或者您要求了不提问。
next-option-needed = 加上 { $option } 再运行，或者在终端里运行。

err-declined = 已按您的回答停止，什么也没有改变。
why-declined = 您没有回答“是”。
next-declined = 需要时再运行一次即可。

err-passphrases-differ = 两次输入的口令不一样。
why-passphrases-differ = 可能有一次打错了。
next-passphrases-differ = 再运行一次，慢慢输入。

err-passphrase-weak = 口令太短：至少需要 { $least } 个字符。
why-passphrase-weak = 短口令几分钟就能被试出来，拿到磁盘的人就能打开里面的内容。
next-passphrase-weak = 用几个不相干的词拼成一句好记的话，再运行一次。

err-setting-unknown = 配置里的“{ $key }”不认识（{ $place }）。
why-setting-unknown = 写错的设置如果被悄悄忽略，您会以为它已生效，所以程序不启动。
next-setting-unknown = 改正或删去这一行；counterfoil-gateway config show 会列出所有设置。

err-setting-wrong = 设置 { $key } 不能是“{ $value }”（{ $place }）。
why-setting-wrong = 这里需要的是：{ $expected }。
next-setting-wrong = 改正后再运行一次。

err-setting-weakens = 设置 { $key } = { $value } 会削弱保护，不予接受（{ $place }）。
why-setting-weakens = 允许的界限是 { $bound }；只可以更严，不可以更松。
next-setting-weakens = 改到界限以内，或删去这一行以使用默认值。

err-configuration-unreadable = 读不了配置文件 { $path }：{ $cause }
why-configuration-unreadable = 文件不存在、没有读取权限，或者太大。
next-configuration-unreadable = 检查路径和权限，再运行一次。

err-configuration-malformed = 配置文件 { $path } 第 { $line } 行写得不对：{ $cause }
why-configuration-malformed = 文件格式是 TOML；从这一行起程序看不懂。
next-configuration-malformed = 改正这一行，再运行一次。

err-period-wrong = 所属期不能是“{ $value }”。
why-period-wrong = 所属期是一个月（如 2026-11）或一整年（如 2026）。
next-period-wrong = 例如：--period 2026-11

err-class-wrong = 没有“{ $value }”这个密级。
why-class-wrong = 密级有三种：public（公开）、internal（内部）、confidential（机密）。
next-class-wrong = 从三种里选一个，再运行一次。

err-kind-wrong = 没有“{ $value }”这个类别。
why-kind-wrong = 可用的类别：{ $known }。
next-kind-wrong = 选最接近的一个；都不合适就用 other。

err-role-wrong = 没有“{ $value }”这个角色。
why-role-wrong = 可用的角色：client、bookkeeper、supervisor、admin、auditor、partner。
next-role-wrong = 选一个，再运行一次。

err-language-unknown = 没有“{ $value }”这种语言。
why-language-unknown = 程序会说 zh-CN 和 en。
next-language-unknown = 用 --lang zh-CN 或 --lang en。

## F-02xx

err-not-enrolled = 这台设备还没有登记到任何事务所（{ $home }）。
why-not-enrolled = 没有登记就没有证书，网关不会与它通话。
next-not-enrolled = 向您的会计要一份邀请，然后运行：counterfoil enrol 邀请

err-practice-ambiguous = 请说明是哪一家事务所。
why-practice-ambiguous = 这台设备登记了不止一家：{ $practices }。
next-practice-ambiguous = 加上 --practice 名称 再运行一次。

err-practice-unknown = 这台设备没有登记到“{ $practice }”。
why-practice-unknown = 名称可能写错，或者登记在另一个文件夹（--home）里。
next-practice-unknown = 运行 counterfoil status 查看登记了哪几家。

err-home-unusable = 用不了文件夹 { $path }：{ $cause }
why-home-unusable = 程序要在这里保存密钥、回执和未完成的发送。
next-home-unusable = 检查权限，或用 --home 换一个文件夹。

err-home-busy = 另一个 counterfoil 正在使用 { $path }。
why-home-busy = 同一批文件同时只能由一个程序发送或取回。
next-home-busy = 等它结束后再运行。

err-device-unlock-wrong = 口令不对，打不开这台设备的密钥。
why-device-unlock-wrong = 登记时您为密钥设了口令。
next-device-unlock-wrong = 再试一次；忘了口令就请管理员重新邀请这台设备。

err-keychain-closed = 系统的钥匙串打不开这台设备的密钥：{ $cause }
why-keychain-closed = 钥匙串可能已锁定，或属于这台电脑的另一个账户。
next-keychain-closed = 用登记时的账户登录，解锁钥匙串后再运行；条目若已丢失，请管理员重新邀请这台设备。

err-keychain-missing = 这里没有系统钥匙串，也无法询问口令。
why-keychain-missing = 除非您明确要求，设备的密钥不会不加保护地存放。
next-keychain-missing = 加上 --passphrase-file 文件；若允许能读此账户文件的人使用这台设备，就加 --plain-keys。

err-device-key-damaged = 这台设备的密钥文件坏了：{ $path }
why-device-key-damaged = 文件的内容和写下时不一样。
next-device-key-damaged = 从备份恢复这个文件，或请管理员重新邀请这台设备。

err-already-enrolled = 这台设备已经登记到“{ $practice }”。
why-already-enrolled = 一台设备在一家事务所只需要登记一次。
next-already-enrolled = 直接使用即可：counterfoil status

err-invitation-group-wrong = 邀请码第 { $group } 组有误。
why-invitation-group-wrong = 邀请码自带校验，打错一个字母就能看出在哪一组。
next-invitation-group-wrong = 对照收到的邀请码，改正第 { $group } 组后再试。

err-invitation-malformed = 这不是一份完整的邀请。
why-invitation-malformed = 可能少复制了几个字符，或多了别的文字。
next-invitation-malformed = 把以 CF1 开头的整个词复制过来，或者用 --at 地址 输入 25 位的邀请码。

err-invitation-address-needed = 请说明网关的地址。
why-invitation-address-needed = 短的邀请码里没有地址；以 CF1 开头的长邀请里才有。
next-invitation-address-needed = 运行：counterfoil enrol 邀请码 --at 地址

err-invitation-expired = 这份邀请已经过期。
why-invitation-expired = 邀请只在一段时间内有效，以免旧邀请被别人捡到。
next-invitation-expired = 请邀请您的人再发一份。

err-invitation-taken = 这份邀请已经被另一台设备用掉了。
why-invitation-taken = 使用时间是 { $at }，设备名是“{ $device }”。一份邀请只能登记一台设备；如果不是您用的，可能有人截获了它。
next-invitation-taken = 请立即打电话告诉邀请您的人，并要一份新的。

err-invitation-locked = 这份邀请试错太多次，已被锁住。
why-invitation-locked = 这是为了防止别人猜邀请码。
next-invitation-locked = 请邀请您的人再发一份。

err-invitation-refused = 网关不认这份邀请。
why-invitation-refused = 它可能打错了、过期了、撤回了，或属于另一家事务所；网关不说是哪一种，以免帮了猜码的人。
next-invitation-refused = 核对后再试；还不行就请对方再发一份。

err-enrolment-paused = 从您的网络试错太多，网关要求等十分钟。
why-enrolment-paused = 这是为了防止别人猜邀请码。
next-enrolment-paused = 十分钟后再运行同一行。

err-practice-differs = 对方不是邀请里的那家事务所。
why-practice-differs = 邀请里的识别码是 { $expected }，对方的是 { $found }。地址可能写错，也可能有人冒充。
next-practice-differs = 不要继续。打电话向邀请您的人核对。

err-digits-differ = 核对数字不一致，登记没有被确认。
why-digits-differ = 两边看到的数字不一样，说明这不是同一台设备，可能有人冒充。
next-digits-differ = 电话核对是哪台设备登记的；不是本人的就不要确认，重新发邀请。

err-not-confirmed = 这台设备还在等管理员确认。
why-not-confirmed = 管理员要先核对您屏幕上的核对数字：{ $digits }
next-not-confirmed = 把这组数字念给管理员，他确认后再运行同一行。

err-device-refused = 网关不接受这台设备。
why-device-refused = 它的证书被吊销了，或者它不再属于任何人。
next-device-refused = 请联系事务所的管理员；您已有的回执不受影响。

err-certificate-expired = 这台设备的证书已于 { $until }过期。
why-certificate-expired = 设备太久没有联网，错过了自动续期。
next-certificate-expired = 请联系事务所的管理员重新邀请这台设备；已有的回执不受影响。

err-gateway-not-genuine = { $address } 不是您登记的那家事务所的网关：{ $cause }
why-gateway-not-genuine = 它拿不出您登记时记下的那家事务所的证书。没有发送任何内容。
next-gateway-not-genuine = 检查网络和地址；如果反复出现，打电话问事务所。

err-clocks-differ = 这台设备的时间和网关的不一致。
why-clocks-differ = 这里是 { $here }，网关是 { $there }；时间不对，证书就显得无效。
next-clocks-differ = 把设备的时间设为自动校准，再运行同一行。

err-enrolment-failed = 登记没有完成：{ $cause }
why-enrolment-failed = 对方的回答和约定的不一样，程序在发出任何资料之前停下了。
next-enrolment-failed = 再运行一次；还不行就请对方再发一份邀请。

err-renewal-needed = 网关说这台设备的证书要先续期。
why-renewal-needed = 按网关的时间它已过期，按这台电脑的时间还没有：两边必有一个时间不对。
next-renewal-needed = 把这台电脑的时间设为自动校准，再运行同一行；证书会自动续期。

err-clock-shows = 这台电脑的时间显示为 { $here }。
why-clock-shows = 按这个时间，网关的证书不在有效期内；除此之外没有别的问题，可能是这台电脑的时间不对。
next-clock-shows = 看看日期和时间，把它设为自动校准，再运行同一行。

err-identity-superseded = 这台设备的身份已经在另一台电脑上使用。
why-identity-superseded = 它的一张更新的证书已经用过；可能有这个文件夹的副本在别处运行。
next-identity-superseded = 如果您没有复制过，请马上打电话给事务所的管理员；否则请用新的那一份，或者请对方重新邀请。

err-renewal-refused = 网关没有给这台设备的证书续期。
why-renewal-refused = 续期请求没有由应当证明它的密钥证明。
next-renewal-refused = 请联系事务所的管理员重新邀请这台设备；已有的回执不受影响。

err-trust-stale = 网关关于自身密钥的说明已超过 30 天。
why-trust-stale = 网关每天都会重新签发这份说明。有人向您隐瞒新密钥时会出现这种情况，网关出故障时也会。
next-trust-stale = 请打电话给事务所，问网关是否搬迁过或更换过密钥。

err-factor-needed = 这一步需要您的动态口令。
why-factor-needed = 网关要确认是您本人在操作，而这里没有人可以输入口令。
next-factor-needed = 请在终端里运行同一行，或把口令写进文件并加上 --code-file 文件（- 表示标准输入）。

err-factor-missing = 这一步需要动态口令，您还没有绑定。
why-factor-missing = 否则，谁复制了这台设备的密钥，谁就能做同样的事。
next-factor-missing = 拿好手机，先运行“counterfoil factor enrol”，再运行同一行。

err-factor-wrong = 口令不对，或已经用过。
why-factor-wrong = 每个口令只能用一次，大约半分钟内有效；恢复码也只能用一次。
next-factor-wrong = 等手机上出现下一个口令，确认手机时间准确，再运行同一行。

err-factor-paused = 口令错了太多次，十五分钟内不再核对。
why-factor-paused = 错误次数按人累计，换设备也一样，这样谁也猜不出来。
next-factor-paused = 请稍等，再运行同一行。如果错的口令不是您输的，请马上告诉管理员。

err-factor-locked = 一天内口令错了太多次，您的动态口令已锁定。
why-factor-locked = 错误次数按人累计，换设备也一样，这样谁也猜不出来。
next-factor-locked = 请在网关上运行“counterfoil-gateway factor reset”，然后重新绑定。

err-factor-exists = 您已经绑定了动态口令。
why-factor-exists = 只有还能出示口令的人，才可以换一部手机。
next-factor-exists = 请先用手机上的口令或恢复码运行“counterfoil factor remove”。

err-factor-code-malformed = 这不是一个口令。
why-factor-code-malformed = 口令是六位数字；恢复码是三组，每组四个字母或数字。
next-factor-code-malformed = 请重新输入；什么都没有发送，也不计入错误次数。

err-factor-staff-only = 动态口令是给事务所人员用的；您在这里的身份是{ $role }。
why-factor-staff-only = 客户取回的只是自己的文件。
next-factor-staff-only = 不需要做什么。

err-admin-only = 这些命令是给管理员用的；您在这里的身份是{ $role }。
why-admin-only = 谁来管理由事务所指定，不由设备决定。
next-admin-only = 请联系事务所的管理员。

err-at-the-gateway = 这一步只能在网关所在的机器上做。
why-at-the-gateway = 产生权限或解除锁定的操作，不能通过网络进行。
next-at-the-gateway = 请登录那台机器，用“counterfoil-gateway … --dir 目录”运行同样的命令。

## F-03xx

err-gateway-unreachable = 连不上网关 { $address }：{ $cause }
why-gateway-unreachable = 可能是没有网络、防火墙拦住了 UDP，或者网关没有运行。
next-gateway-unreachable = 网络恢复后再运行同一行，会从断处继续。

err-connection-lost = 和网关 { $address } 的连接断了，多次重试都没有接上。
why-connection-lost = 网络中断得太久。
next-connection-lost = 再运行同一行，会从断处继续；已到达的部分不会重发。

err-version-unsupported = 这个程序和网关的版本合不到一起。
why-version-unsupported = 其中一边太旧。
next-version-unsupported = 更新程序；还不行就告诉事务所。

err-gateway-stopping = 网关正在停机。
why-gateway-stopping = 它在维护或重新启动；已到达的部分都保存着。
next-gateway-stopping = 过几分钟再运行同一行。

err-gateway-busy = 网关现在太忙。
why-gateway-busy = 同时找它的人很多。
next-gateway-busy = 过一会儿再运行同一行。

err-gateway-failed = 网关内部出了问题。
why-gateway-failed = 原因在网关的日志里；已到达的部分都保存着。
next-gateway-failed = 过一会儿再运行同一行；还不行就告诉事务所。

err-too-fast = 请求太频繁，网关要求慢一点。
why-too-fast = 每台设备每分钟能问的次数有限。
next-too-fast = 一分钟后再运行同一行。

err-clock-held = 网关的时钟跳动了，暂时不签任何东西。
why-clock-held = 签字要写明时间，时间不可信时网关宁可等管理员确认。
next-clock-held = 已到达的部分都保存着；管理员确认后再运行同一行。

err-request-refused = 网关拒绝了请求（{ $code }）。
why-request-refused = 网关没有看懂，或者此时不接受；多半是程序有错。
next-request-refused = 更新程序；还不行就把这个编号告诉事务所。

err-answer-malformed = 看不懂网关的回答：{ $cause }
why-answer-malformed = 程序只接受约定的格式，看不懂就停下。
next-answer-malformed = 更新程序；还不行就告诉事务所。

## F-04xx

err-nothing-to-send = 没有要发送的文件。
why-nothing-to-send = 给出的文件夹是空的，或者里面没有可以发送的文件。
next-nothing-to-send = 检查路径，再运行一次。

err-path-absent = 没有这个文件或文件夹：{ $path }
why-path-absent = 路径可能写错，或者文件已被移走。
next-path-absent = 改正后再运行；什么也没有发送。

err-file-unreadable = 读不了文件 { $path }：{ $cause }
why-file-unreadable = 没有读取权限，或者正被别的程序（如 WPS）占用。其余文件照常发送。
next-file-unreadable = 关闭占用它的程序或改权限，再运行同一行。

err-file-changed = 发送时文件变了：{ $path }
why-file-changed = 内容在读取过程中被修改，无法为它签字，所以已从这次提交中撤出。其余文件照常发送。
next-file-changed = 保存并关闭它，再运行同一行，它会作为新的一次提交发送。

err-file-special = 没有发送 { $path }：它不是普通文件。
why-file-special = 链接、管道、设备等不发送，因为指向的内容可能在别处。
next-file-special = 需要的话把真正的文件复制过来再发送。

err-name-unsendable = 没有发送 { $path }：名字太长，或不是 UTF-8 文字。
why-name-unsendable = 名字连同文件夹不能超过 1,024 字节，而且谁读都得是同一个名字。其余文件照常发送。
next-name-unsendable = 改个名字，再运行同一行。

err-too-many-documents = 文件太多：一次最多 { $most } 个。
why-too-many-documents = 一次提交要能由一张回执说清楚。
next-too-many-documents = 分几次发送，例如一次一个文件夹。

err-document-too-large = 文件太大：{ $name }
why-document-too-large = 超过了网关允许的大小。
next-document-too-large = 请事务所告诉您怎样交这个文件。

err-quota-bytes = 这台设备今天发送的量已到上限。
why-quota-bytes = 每台设备每天能发送的量有限，以防被滥用。
next-quota-bytes = 明天再运行同一行，会从断处继续；急用请联系事务所。

err-quota-documents = 这台设备今天发送的文件数已到上限。
why-quota-documents = 每台设备每天能发送的文件数有限，以防被滥用。
next-quota-documents = 明天再运行同一行，会从断处继续；急用请联系事务所。

err-quota-entries = 您今天的操作次数已到上限。
why-quota-entries = 每个人每天能写入记录的次数有限，以防被滥用。
next-quota-entries = 明天再运行同一行；急用请联系事务所。

err-too-many-uploads = 未完成的发送太多。
why-too-many-uploads = 一个人同时只能有有限个未完成的发送。
next-too-many-uploads = 先完成或放弃旧的：counterfoil status

err-gateway-full = 网关的磁盘快满了，暂时不收文件。
why-gateway-full = 这需要事务所的管理员处理，您的设备没有问题。已到达的部分都保存着。
next-gateway-full = 告诉事务所；腾出空间后再运行同一行。

err-book-needed = 请说明是哪一个账套。
why-book-needed = 您可以使用的账套：{ $books }。
next-book-needed = 加上 --book 名称 再运行一次。

err-book-unknown = 没有“{ $book }”这个账套，或者您无权使用它。
why-book-unknown = 名称可能写错；网关对这两种情况的回答是一样的。
next-book-unknown = 运行 counterfoil books 查看您的账套；在网关上用 counterfoil-gateway book list 查看全部。

err-book-ambiguous = 有不止一个账套叫“{ $book }”。
why-book-ambiguous = 名称可以重复，编号不会：{ $books }
next-book-ambiguous = 用编号代替名称，再运行一次。

err-plan-damaged = 未完成发送的记录坏了：{ $path }
why-plan-damaged = 文件的内容和写下时不一样，不能照它继续。
next-plan-damaged = 移走这个文件后再运行同一行，会重新开始；网关上已有的不会重发。

err-submission-differs = 网关上有一次编号相同、内容不同的提交。
why-submission-differs = 同一编号只能用于同一批文件。
next-submission-differs = 放弃这次未完成的发送，再重新发送。

err-upload-expired = 这次发送停得太久，网关已把收到的部分清除。
why-upload-expired = 未完成的发送只保留七天。
next-upload-expired = 再运行同一行，会用同一编号重新开始。

err-lease-lost = 同一批文件正由另一个程序发送。
why-lease-lost = 后来的连接接管了它，这一个就停下。
next-lease-lost = 看看是否在别的窗口也运行了 counterfoil；都停了就再运行同一行。

err-digests-differ = 到达的内容和这台设备上的不一样：{ $name }
why-digests-differ = 文件在发送过程中变了，或者磁盘读出了错误的内容。
next-digests-differ = 再运行同一行，会重新读取并核对。

err-piece-refused = 网关拒绝了一段内容（{ $code }）。
why-piece-refused = 它和事先说好的不一样：文件变了，或者传输途中出了错。
next-piece-refused = 再运行同一行，会重新读取并核对。

err-nothing-left = 这次提交里一个文件也不剩了。
why-nothing-left = 所有文件都读不了或在读取时变了，没有什么可签收。
next-nothing-left = 关闭正在修改它们的程序，再运行同一行。

err-some-not-sent = { $count } 个文件没有发送；其余的已有回执。
why-some-not-sent = 上面说明了每个文件的原因。
next-some-not-sent = 处理后再运行同一行：已收到的会跳过，只发剩下的。

err-class-locked = 这一密级的资料现在锁着。
why-class-locked = 机密资料要由事务所的人打开后才能收发。
next-class-locked = 请事务所打开，再运行同一行。

err-too-slow = 发送太慢，网关先断开了连接。
why-too-slow = 网络很不稳定；已到达的部分都保存着。
next-too-slow = 网络好些时再运行同一行，会从断处继续。

err-send-again = 网关要求重新核对这次发送（{ $code }）。
why-send-again = 网关上的情况在发送期间变了。
next-send-again = 再运行同一行，程序会自动核对并补发。

## F-05xx

err-absent = 没有找到，或者您无权查看。
why-absent = 网关对“不存在”和“不是给您的”回答一样，以免泄露别人的资料。
next-absent = 检查名称或编号；确信应该有就联系事务所。

err-folder-unwritable = 写不了文件夹 { $path }：{ $cause }
why-folder-unwritable = 没有写入权限，或者它不是文件夹。
next-folder-unwritable = 换一个文件夹：--to 文件夹

err-name-changed = “{ $name }”已改名保存为“{ $written }”。
why-name-changed = 原名里有系统不允许或会误导人的字符，或者与别的文件重名。
next-name-changed = 不需要处理；回执和清单里仍是原名。

err-file-exists = 没有覆盖已有的文件：{ $path }
why-file-exists = 那里已有同名但内容不同的文件；程序从不覆盖您的文件。
next-file-exists = 移走它或换一个文件夹（--to），再运行同一行。

err-take-refused = 网关不接受这次签收。
why-take-refused = 签收清单和网关上的资料对不上，可能刚刚有变动。
next-take-refused = 再运行同一行，会重新列出并签收。

err-take-expired = 这次领取已过期。
why-take-expired = 签收后七天内没有取完。
next-take-expired = 再运行同一行，会重新签收并取回剩下的。

err-document-gone = 这份资料已依法销毁。
why-document-gone = 记录里写明了销毁的时间和决定；内容不能再恢复。
next-document-gone = 需要说明请联系事务所。

err-document-frozen = 这份资料已冻结。
why-document-frozen = 法律要求保存，但除保存外不得使用。
next-document-frozen = 需要说明请联系事务所。

err-content-damaged = 取回的内容和登记的不一样：{ $name }
why-content-damaged = 校验没有通过，内容没有保存。可能是传输出错，也可能是网关上的文件坏了。
next-content-damaged = 再运行同一行；还不行就立即告诉事务所。

err-disk-full-here = 这台设备的磁盘空间不够：{ $path }
why-disk-full-here = 还需要：{ $needed }。
next-disk-full-here = 腾出空间或换一个文件夹，再运行同一行，会从断处继续。

err-some-not-fetched = { $count } 个文件没有取回；其余的已保存并核对。
why-some-not-fetched = 上面说明了每个文件的原因。
next-some-not-fetched = 处理后再运行同一行：已取回的会跳过。

err-report-pending = 文件已取回并核对，但还没能告诉网关。
why-report-pending = 连接在最后断了；发送方暂时还看不到“已取”。
next-report-pending = 不用重新取；下次连接时会自动报告。

## F-06xx

err-receipt-unreadable = 读不了回执文件 { $path }：{ $cause }
why-receipt-unreadable = 文件不存在、没有读取权限，或者太大。
next-receipt-unreadable = 检查路径；丢失的回执可以再要一次：counterfoil receipt list

err-receipt-malformed = { $path } 不是一份完整的回执。
why-receipt-malformed = 文件被截断、改动过，或者根本是别的文件。
next-receipt-malformed = 从网关再要一份同样的回执，或换一个文件。

err-receipt-invalid = 回执没有通过验证：{ $path }
why-receipt-invalid = 上面写明了哪一项不成立。
next-receipt-invalid = 不要依赖这份回执；从网关再要一份，仍不通过就联系事务所并保留这个文件。

err-receipt-unknown = 没有编号为 { $receipt } 的回执。
why-receipt-unknown = 编号可能写错，或者回执在另一家事务所名下。
next-receipt-unknown = 运行 counterfoil receipt list 查看全部回执。

err-receipt-ambiguous = 有不止一份回执以 { $receipt } 开头。
why-receipt-ambiguous = 编号写得太短。
next-receipt-ambiguous = 多写几位，再运行一次。

err-pin-needed = 没有事务所识别码，回执不能判为有效。
why-pin-needed = 回执里的签名必须是某一家指定事务所的；没有指定，谁都可以冒充。
next-pin-needed = 加上 --practice 识别码（26 个字符，印在事务所的说明上）再验证。

err-pin-wrong = 这不是事务所识别码。
why-pin-wrong = 识别码有 26 个字符；16 个字符的事务所编号只是名字，不能用来验证。
next-pin-wrong = 从登记信息（counterfoil status）或事务所的说明上取得识别码。

err-document-not-in-receipt = 这份回执里没有 { $path } 的内容。
why-document-not-in-receipt = 文件不在这次提交里，或者后来改动过，哪怕只改了一个字节。
next-document-not-in-receipt = 换成当时发送的那个文件再验证。

err-receipt-not-ours = 网关给的回执和发送的内容对不上，没有保存。
why-receipt-not-ours = 回执里写的不是这台设备签过的那份清单。
next-receipt-not-ours = 再运行同一行；还不行就立即联系事务所。

err-receipt-erased = 这份回执的内容已依法删除。
why-receipt-erased = 记录里仍能证明它存在过，但内容不能再读出。
next-receipt-erased = 您自己保存的回执文件仍然有效。

err-receipt-doubtful = 存疑：“{ $path }”可能是别人签的。
why-receipt-doubtful = 发送方的密钥自 { $since } 起可能已落入他人之手，于 { $revoked } 吊销；这份签名正好在两者之间。
next-receipt-doubtful = 请向发送方核实，不要只凭这份回执。

err-receipt-contradicted = 存疑：吊销列表与“{ $path }”互相矛盾。
why-receipt-contradicted = 列表说发送方于 { $revoked } 被吊销，而事务所于 { $signed } 还为同一发送方签收。网关不会收已被吊销者的任何东西。
next-receipt-contradicted = 请保留这两个文件：两者都是事务所签的，须由事务所解释。

err-list-unusable = 吊销列表“{ $path }”无法使用：{ $cause }
why-list-unusable = 文件应是 PEM 格式的若干列表，或 DER 格式的一份，即 crl export 写出的样子。
next-list-unusable = 请向事务所索取吊销列表。

err-list-of-others = “{ $path }”里没有为发送方发证的机构的列表。
why-list-of-others = 列表只说明本机构签发的证书，并须由该机构签名。
next-list-of-others = 请向事务所索取全部列表：crl export，不加 --der。

## F-07xx

err-interrupted = 已中断。
why-interrupted = 您按了 Ctrl-C，或者系统要求停止。已完成的部分都保存着。
next-interrupted = 再运行同一行，会从断处继续。

err-storage-failed = 磁盘没有确认写入 { $path }：{ $cause }
why-storage-failed = 写入失败后再写可能会假装成功，所以程序立即停止。
next-storage-failed = 检查磁盘后重新启动；启动时会从记录中恢复。

err-disk-failed = 读写 { $path } 时出错：{ $cause }
why-disk-failed = 磁盘、权限或文件系统有问题。
next-disk-failed = 处理后再运行一次。

err-randomness-missing = 系统给不出随机数。
why-randomness-missing = 没有随机数就不能安全地制作密钥，所以程序停止。
next-randomness-missing = 检查系统（容器里可能缺少 /dev/urandom），再运行一次。

err-unexpected = 出现了意料之外的问题：{ $cause }
why-unexpected = 这多半是程序的错误。
next-unexpected = 再运行一次；还不行就把这段文字告诉事务所。

## F-08xx

err-folder-exists = { $path } 已经存在，而且不是空的。
why-folder-exists = 程序从不覆盖已有的事务所文件夹。
next-folder-exists = 换一个文件夹：--dir 新文件夹

err-folder-not-practice = { $path } 不是事务所文件夹。
why-folder-not-practice = 里面没有 vault.json；路径可能写错，或者还没有初始化。
next-folder-not-practice = 检查 --dir；要新建就运行：counterfoil-gateway init

err-folder-format-unknown = { $path } 是更新版本的程序写的。
why-folder-format-unknown = 这个版本看不懂它的格式，为免损坏，什么也没有做。
next-folder-format-unknown = 用较新的程序打开。

err-folder-open-to-others = { $path } 可以被其他人读取。
why-folder-open-to-others = 密钥和配置只应由运行网关的账户读取。
next-folder-open-to-others = 运行：chmod -R go-rwx { $path }

err-unlock-wrong = 解锁失败：密钥文件或口令不对。
why-unlock-wrong = 用它打不开任何一个解锁槽。
next-unlock-wrong = 换对的密钥文件或口令；都没有时用打印的恢复词。

err-unlock-missing = 没有说明用什么解锁。
why-unlock-missing = 网关要先解锁保险库才能运行。
next-unlock-missing = 加上 --key-file 文件 或 --passphrase-file 文件，或写进配置。

err-key-file-inside = 密钥文件不能放在事务所文件夹里：{ $path }
why-key-file-inside = 谁拿走文件夹，谁就同时拿走了钥匙。
next-key-file-inside = 放到别处，最好在另一个磁盘上。

err-key-file-unusable = 用不了密钥文件或口令文件 { $path }：{ $cause }
why-key-file-unusable = 读不了、不完整，或者可以被其他人读取。
next-key-file-unusable = 检查文件和权限（应为 0600），再运行一次。

err-folder-held = 另一个网关正在使用 { $path }。
why-folder-held = 一个文件夹同时只能由一个网关使用。
next-folder-held = 先停下那个网关，再运行一次。

err-address-in-use = 地址 { $address } 已被占用。
why-address-in-use = 另一个程序正在用这个 UDP 端口，也许是另一个网关。
next-address-in-use = 停下它，或用 --listen 换一个端口。

err-address-unusable = 不能在 { $address } 上监听：{ $cause }
why-address-unusable = 这台机器没有这个地址，或者没有权限使用这个端口。
next-address-unusable = 用 --listen 换一个地址或端口。

err-host-wrong = “{ $host }”不能作为网关的主机名。
why-host-wrong = 需要一个域名（如 gw.example.cn）或 IP；它会写进证书。
next-host-wrong = 改正 --host，再运行一次。

err-name-wrong = 这个名称不能用。
why-name-wrong = 名称不能是空的，也不能超过 200 字节。
next-name-wrong = 换一个名称，再运行一次。

err-socket-refused = 连不上正在运行的网关 { $path }：{ $cause }
why-socket-refused = 管理接口只对运行网关的那个账户开放。
next-socket-refused = 用那个账户运行，例如：sudo -u counterfoil …

err-kit-wrong = 恢复词不对。
why-kit-wrong = 恢复词是 12 个英文单词，顺序也要一致。
next-kit-wrong = 照打印的恢复单逐个输入，再试一次。

err-root-folder-unusable = 根密钥和备用密钥不能放到 { $path }。
why-root-folder-unusable = 它在事务所文件夹里面，或者那里已经有根密钥文件。
next-root-folder-unusable = 用 --root-out 指定另一个文件夹。

err-socket-unusable = 无法打开管理接口 { $path }：{ $cause }
why-socket-unusable = 管理命令要通过它找到运行中的网关，没有它网关不启动。
next-socket-unusable = 检查文件夹和权限，然后重新启动。

err-trial-practice = 这个事务所只能用来试用。
why-trial-practice = 恢复词和根密钥文件只用很弱的强度加密，挡不住猜测。
next-trial-practice = 不要存放真实资料；正式使用时运行不带 --trial 的 init。

err-kit-not-shown = 恢复单没能显示出来（{ $cause }），{ $path } 里的事务所没有建成。
why-kit-not-shown = 恢复单只显示一次，所以事务所没有做完；里面还没有任何资料。
next-kit-not-shown = 删除 { $path } 和 { $roots } 里的根密钥、备用密钥文件，再在能看到输出的地方运行 init。

err-token-not-built = 此版本的网关不支持 PKCS#11。
why-token-not-built = 配置里写了令牌（pkcs11.module），而程序构建时没有启用 pkcs11 功能。
next-token-not-built = 改用启用了该功能的版本（cargo build --release --features pkcs11）；或者设 pkcs11.required = false，先不签发证书运行。

err-token-not-configured = 签发密钥在令牌里，而配置里没有写令牌。
why-token-not-configured = 这把密钥是在令牌里生成的，取不出来。
next-token-not-configured = 在 counterfoil.toml 里设 pkcs11.module、pkcs11.token 和 pkcs11.pin_file。

err-token-module-unusable = 加载不了 PKCS#11 模块 { $path }：{ $cause }
why-token-module-unusable = 文件不存在、不适用于这台机器，或拒绝启动。
next-token-module-unusable = 检查 pkcs11.module，以及服务账户能否读取它和它所需的文件。

err-token-absent = 找到名为“{ $token }”的令牌 { $count } 个，必须正好一个。
why-token-absent = 令牌没有插上、没有初始化、名称不符，或者有同名的另一个。
next-token-absent = 插上令牌，或更正 pkcs11.token 和 pkcs11.serial；pkcs11-tool --list-token-slots 可以列出现有的令牌。

err-token-pin-missing = 没有令牌的 PIN。
why-token-pin-missing = PIN 只能来自文件或服务管理器，不能来自参数或环境变量。
next-token-pin-missing = 在 pkcs11.pin_file 里写上文件（权限 0600），或把凭据 counterfoil.pin 交给服务。

err-token-pin-unusable = 从 { $path } 读不出 PIN：{ $cause }
why-token-pin-unusable = 文件不存在、是空的，或者可以被其他人读取。
next-token-pin-unusable = 检查文件和权限（应为 0600），再运行一次。

err-token-pin-wrong = 令牌“{ $token }”不接受这个 PIN。
why-token-pin-wrong = PIN 不对。令牌在错几次之后会自行锁定。
next-token-pin-wrong = 先改正 PIN 文件再启动；不要让服务管理器反复重启。

err-token-pin-locked = 令牌“{ $token }”的 PIN 已锁定，或再错一次就会锁定，因此没有尝试。
why-token-pin-locked = 之前错了好几次。
next-token-pin-locked = 改正 PIN，用厂商的工具解锁，或在那里用正确的 PIN 登录一次，再运行。

err-token-key-unusable = 令牌里的签发密钥 { $key } 不能用：{ $cause }
why-token-key-unusable = 可能是另一个令牌，或者密钥被删除、被替换了。
next-token-key-unusable = 插上正确的令牌。如果密钥已经丢失，设 pkcs11.required = false，再更换密钥：rotate prepare issuing。

err-token-signature-wrong = 令牌签名有误。
why-token-signature-wrong = 它刚做出的签名验证不通过。没有用它签发任何东西。
next-token-signature-wrong = 不要再用这个令牌；升级固件或更换。

err-token-failed = 令牌出错：{ $cause }
why-token-failed = 这是令牌模块给出的原话。
next-token-failed = 用厂商的工具检查令牌，再运行一次。

## F-09xx

err-ledger-damaged = 分类账坏了，已移到 { $path } 并重新过账。
why-ledger-damaged = 分类账只用来查找；真正的记录在日记账里，没有丢失任何东西。
next-ledger-damaged = 不需要处理；检查一下磁盘为好。

err-journal-damaged = 日记账坏了：{ $path }，第 { $offset } 字节处。
why-journal-damaged = 这不是断电留下的半条记录，而是已写好的内容被改变了。网关不会跳过它，所以不启动。
next-journal-damaged = 从备份恢复这个文件；不要自己修改它。

err-journal-rolled-back = 日记账比第二处保存的账头（{ $path }）旧，或与它不一致。
why-journal-rolled-back = 文件夹可能被换成了旧的副本，签过的记录会因此消失，所以网关不启动。
next-journal-rolled-back = 找回最新的文件夹；确实要从备份恢复时，按恢复手册做。

err-vault-damaged = 保险库的文件坏了：{ $path }，第 { $offset } 字节处。
why-vault-damaged = 这不是断电留下的半条记录，而是已写好的内容被改变了。网关不会跳过它。
next-vault-damaged = 从备份恢复这个文件；不要自己修改它。

err-key-missing = 保险库里有打不开的资料：{ $path } 的密钥不在密钥环里。
why-key-missing = 没有销毁记录的密钥不应该缺少；网关绝不会重造一把。
next-key-missing = 从备份恢复 ring 文件夹里最新的文件。

err-acceptance-without-document = 已签收的提交 { $submission } 在保险库里没有登记。
why-acceptance-without-document = 签收之前内容一定已写入磁盘，所以这是损坏或有人删除了文件。
next-acceptance-without-document = 从备份恢复 shelves 文件夹，并查明原因。

err-clock-ahead = 时钟比最新的记录快了太多。
why-clock-ahead = 现在是 { $now }，最新的记录是 { $newest }；签字的时间可能不对，所以网关暂不签字。
next-clock-ahead = 核对时间；时间没错就运行：counterfoil-gateway clock confirm --dir DIR

err-clock-behind = 时钟比最新的记录还早。
why-clock-behind = 现在是 { $now }，最新的记录是 { $newest }。在此之前按那个时间计算：已结束的不会恢复，签字也不会用更早的时间。
next-clock-behind = 校准时间，并查明时钟为什么被调回。

err-medium-can-not-forget = { $path } 所在的磁盘不能保证真正删除：{ $cause }
why-medium-can-not-forget = 销毁要靠就地覆盖一个小文件；在这里旧内容可能还留着。
next-medium-can-not-forget = 可以继续使用；要让销毁可信，把这个文件夹放到普通的 ext4 或 XFS 磁盘上，并关闭交换区。

err-record-cut = { $path } 末尾有半条没写完的记录（{ $bytes }），已去掉。
why-record-cut = 上次是断电或被强行停止的；没写完的记录从未被确认过，没有丢失任何东西。
next-record-cut = 不需要处理。

err-disk-low = 磁盘快满了：只剩 { $free }。
why-disk-low = 低于界限后网关不再接收新的文件；已收到的不受影响。
next-disk-low = 腾出空间或换大一点的磁盘。

err-keys-unusable = 打不开网关自己的密钥：{ $path }
why-keys-unusable = 解锁是对的，但密钥文件坏了或属于另一家事务所。
next-keys-unusable = 从备份恢复 keys 文件夹。

err-journal-head-missing = 日记账的最新记录缺失或损坏：{ $path }
why-journal-head-missing = 没有它就无法判断日记账是否被退回过，所以网关不启动。
next-journal-head-missing = 从保存它的地方恢复这个文件；不要新建。

err-record-missing = 日记账缺少一部分：{ $path }
why-record-missing = 文件夹不完整，也许只恢复了一部分。
next-record-missing = 恢复整个事务所文件夹。

err-entry-unreadable = 日记账第 { $entry } 条无法读取。
why-entry-unreadable = { $cause }
next-entry-unreadable = 检查磁盘，然后恢复事务所文件夹。

## F-10xx

err-book-name-repeats = 已经有一个账套叫“{ $name }”，新的也加上了。
why-book-name-repeats = 名称可以重复，但容易弄混。
next-book-name-repeats = 用编号来区分：counterfoil-gateway book list

err-invitation-unknown = 没有编号为 { $invitation } 的邀请在等待确认。
why-invitation-unknown = 编号可能写错，或者已确认过、已过期。
next-invitation-unknown = 运行 counterfoil-gateway people 查看谁在等待确认。

err-digits-malformed = 核对数字应为 8 位数字。
why-digits-malformed = 它显示在刚登记的那台设备上，形如 1234 5678。
next-digits-malformed = 请对方再念一遍，然后再试。

err-invitation-not-used = 邀请 { $invitation } 还没有被使用。
why-invitation-not-used = 对方的设备登记之后才有核对数字可以比对。
next-invitation-not-used = 等对方运行 counterfoil enrol 之后再确认。

err-book-required = 邀请{ $role }时要说明账套。
why-book-required = 这个角色只能看到指明的账套；没有账套就什么也做不了。
next-book-required = 加上 --book 名称，可以写几次。

err-book-not-for-role = { $role }不能有账套。
why-book-not-for-role = 这个角色不看资料的内容。
next-book-not-for-role = 去掉 --book，再运行一次。

err-plan-conflict = 这些文件已有一次未完成的发送（{ $submission }），但密级或类别不同。
why-plan-conflict = 同一批文件不能同时按两种方式发送。
next-plan-conflict = 先用原来的参数完成它，或放弃它：counterfoil status

err-rotation-not-due = 现在不能执行 { $kind } 密钥更换的这一步。
why-rotation-not-due = 更换处于“{ $phase }”阶段，应执行的步骤是“{ $due }”。
next-rotation-not-due = 运行 rotate status，其中有完整的下一条命令。
err-rotation-excluded = 现在不能更换 { $kind } 密钥。
why-rotation-excluded = { $other } 密钥正在更换，两者不能同时进行。
next-rotation-excluded = 请先完成那一项；rotate status 会显示它的下一条命令。
err-rotation-behind = 什么都没有改变：{ $kind } 密钥更换的这一步会让 { $count } 台在用设备无法连接。
why-rotation-behind = 它们的证书来自即将停用的签发机构。走完这一步，它们在宽限期内只能续期。
next-rotation-behind = 等它们更新证书（rotate status 会列出名字），或加上 --force { $count } 再运行。
err-root-answer = 没有接受根密钥的答复。
why-root-answer = { $cause }
next-root-answer = 请用根密钥签署最新的请求；rotate status 会显示命令。
err-root-file = 文件“{ $path }”无法使用。
why-root-file = { $cause }
next-root-file = 请使用 init 或上次签署时写出的文件，并输入恢复卡上的词。

err-crl-over = 持有 { $authority } 所签证书的人都进不来：没有有效的吊销列表。
why-crl-over = 吊销列表过期、丢失或不可信时，网关不让任何人进来。{ $cause }
next-crl-over = 请检查磁盘和时钟；一有可能，网关就会重新生成。

err-crl-not-renewed = { $authority } 的吊销列表没有更新：{ $cause }
why-crl-not-renewed = 上一份有效的列表继续使用到期满；期满后任何人都进不来。
next-crl-not-renewed = 请检查磁盘和时钟；网关会自行再试。

err-crl-file = { $authority } 的吊销列表文件未被采用：{ $cause }
why-crl-file = certs/crl-{ $authority } 被改动，或被换成了旧文件。上一份有效的列表继续使用。
next-crl-file = 请查明是什么在事务所文件夹里写入。网关已把文件恢复。

err-device-unknown = 没有设备 { $device }。
why-device-unknown = 设备用编号指明。
next-device-unknown = 运行 counterfoil-gateway devices，取设备的编号。

err-person-unknown = 没有人叫“{ $person }”。
why-person-unknown = 人员用姓名或编号指明。
next-person-unknown = 运行 counterfoil-gateway people 查看所有人员。

err-person-ambiguous = 有几个人都叫“{ $person }”。
why-person-ambiguous = 只凭姓名分不清是谁。
next-person-ambiguous = 请用下面的一个编号：{ $ids }

err-last-admin = 这样就一个可用的管理员也没有了。
why-last-admin = 以后没有人能从自己的设备管理事务所；没有执行。
next-last-admin = 请先再邀请一位管理员。确实要这样做时，在网关的机器上加 --lock-out。

err-not-suspended = “{ $name }”没有被暂停。
why-not-suspended = 没有什么可以恢复。
next-not-suspended = 运行 counterfoil-gateway people 查看谁被暂停了。

err-rights-final = “{ $name }”已经吊销或关闭，不能改回。
why-rights-final = 吊销或关闭之后不会再放行。
next-rights-final = 请重新邀请此人，或另建账套。

err-partner-needs-end = 合作方要写明用途和将来的截止日期。
why-partner-needs-end = 外来的帮手总是为某件事、在一段时间内进来。
next-partner-needs-end = 加上 --until 2026-12-31 --purpose "年度审计"。

err-role-fixed = 客户不能改成事务所人员，事务所人员也不能改成客户。
why-role-fixed = 客户的设备没有人核对过数字。
next-role-fixed = 请用另一个角色重新邀请此人。

err-grant-unknown = “{ $person }”没有账套“{ $book }”的授权。
why-grant-unknown = 没有什么可以收回。
next-grant-unknown = 运行 counterfoil-gateway people 查看谁有哪些账套。

err-date-wrong = “{ $date }”不是日期。
why-date-wrong = 日期写成 2026-12-31 这样。
next-date-wrong = 请这样写日期。

err-reason-wrong = “{ $reason }”不是规定的原因。
why-reason-wrong = 可以写：lost、stolen、left、superseded、disputed、declined、role-ended、practice-decision。
next-reason-wrong = 选其中一个；要多说几句，用 --note。

err-invitation-closed = 没有可用的邀请 { $invitation }。
why-invitation-closed = 可能写错了，或者已经用过、吊销或过期。
next-invitation-closed = 如果有设备用了它，请吊销那台设备，或运行：counterfoil-gateway invite dispute { $invitation }

err-few-admins = 可用的管理员不足两位：{ $admins }。
why-few-admins = 如果其中一位不在，或丢了设备，就没有人能从自己的设备管理事务所。
next-few-admins = 再邀请一位：counterfoil-gateway invite --role admin --name 姓名

err-not-recorded-yet = 已生效，尚未入账：{ $cause }。
why-not-recorded-yet = 从现在起有效，重启之后也有效；一有可能就写入日记账。
next-not-recorded-yet = 请处理原因；counterfoil-gateway status 会显示是否还有未入账的。

err-not-kept = 已生效，但没有入账，也没有保存：{ $cause }。
why-not-kept = 网关运行时有效；崩溃之后就不再有效。
next-not-kept = 请马上腾出磁盘空间，再运行同一条命令。

err-denials-waiting = 已生效，尚未入账：{ $count }。
why-denials-waiting = 它们有效，重启之后也有效；现在写不进日记账。
next-denials-waiting = 请检查磁盘和时钟。

err-not-confirmed-here = 没有确认，什么也没有做。
why-not-confirmed-here = 输入的不是“{ $name }”。
next-not-confirmed-here = 再运行一次，照样输入；或加上 --yes。

err-device-not-theirs = 此人不能替换设备 { $device }。
why-device-not-theirs = 它是别人的设备。
next-device-not-theirs = 运行 counterfoil-gateway people --json 查看每个人的设备。

err-grant-form = 这不是授权的写法。
why-grant-form = 写成 grant 人员 账套，或 grant withdraw 人员 账套。
next-grant-form = 请这样写。

err-invite-form = 不能对邀请这样做。
why-invite-form = 写成 invite revoke 编号，或 invite dispute 编号。
next-invite-form = 请这样写；邀请别人时不要写。

err-invitation-contested = 有两台设备使用了“{ $person }”的邀请 { $id }。
why-invitation-contested = 名为“{ $first }”的设备已被接受；之后另一台设备拿着同一份邀请来过。
next-invitation-contested = 请问本人哪一台是自己的。如果“{ $first }”不是：{ $command }

err-ends-soon = 有 { $count } 项即将到期，而且不会自动更新。
why-ends-soon = 其他的都会按时自动更新；这些需要有人处理。
next-ends-soon = 请按每一项旁边写的命令处理。

err-too-many-devices = 一个人最多有 { $most } 台设备。
why-too-many-devices = 每台设备都是一把钥匙，不再使用的不应保留。等待确认和暂停的也计算在内。
next-too-many-devices = 请管理员吊销一台不用的设备，或替换一台：counterfoil-gateway invite --person 姓名 --replaces 设备

err-device-add-role = { $role }不能自己增加设备。
why-device-add-role = 外部人员和审计人员的每台设备都由管理员邀请。
next-device-add-role = 请向管理员要一份邀请。

err-since-ahead = { $since } 还没有到。
why-since-ahead = 密钥不可能从尚未到来的时间起落入他人之手。
next-since-ahead = 写最后确知密钥还在本人手中的那一天，或者不写 --since。
